// Elements of the page, found and made. One that is missing is a mistake in index.html and ends the start.

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLButtonElement} Field */

/**
 * @param {ParentNode} root
 * @param {string} selector
 */
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) {
    throw new TypeError(`The page has no ${selector} here.`);
  }
  return found;
}

/**
 * @param {ParentNode} root
 * @param {string} role the value of `data-role`
 */
export function partOf(root, role) {
  return find(root, `[data-role="${role}"]`);
}

/**
 * A part that has a value and can be disabled.
 * @param {ParentNode} root
 * @param {string} role
 */
export function fieldOf(root, role) {
  return /** @type {Field} */ (partOf(root, role));
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className
 */
export function element(name, className, text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}

/**
 * Changes the text of a node. A text that stays the same is left alone: somebody may have selected it.
 * @param {HTMLElement} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
