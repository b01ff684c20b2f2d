"""Benchmarks: how fast Switchboard is beside two peers, on the same machine in the same run."""
