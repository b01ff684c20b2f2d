"""Who is who in these tests."""

from domain.identity import Member, MemberId

ADA = Member(MemberId("id of ada"), "Ada", recognised=True)
BOB = Member(MemberId("id of bob"), "Bob", recognised=True)
STRANGER = Member(MemberId("id of somebody"))
