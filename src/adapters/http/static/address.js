// Where the sockets are.

/**
 * The address of `path` on the server this page came from, with one `since` for each position.
 * @param {string} path
 * @param {string[]} positions
 */
export function socketAddress(path, positions, page = location.origin) {
  const address = new URL(path, page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  for (const position of positions) {
    address.searchParams.append("since", position);
  }
  return address.href;
}
