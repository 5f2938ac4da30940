/**
 * `<chat-room room="design">`: a room of the chat in a page of another site. docs/embedding.md describes its attributes and
 * events. The room is a frame of the chat's own origin: the page around it can neither read it nor act in it.
 */

const PROTOCOL = 1; // as view/embedding.js has it
const PAGE = new URL("embed", import.meta.url);
const EVENTS = ["ready", "message", "unread"];
const THEMES = ["light", "dark"];

// A sheet that script makes needs no permission of the page's Content-Security-Policy.
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { display: block; height: 500px; }
  :host([hidden]) { display: none; }
  iframe { display: block; width: 100%; height: 100%; border: 0; border-radius: inherit; }
`);

/** A room of the chat. Fires `ready`, `message` and `unread`; `unread` is also a property. */
class ChatRoom extends HTMLElement {
  static observedAttributes = ["room", "name", "theme"];

  /** How many messages of the room are unread. */
  unread = 0;

  /** @type {HTMLIFrameElement | undefined} */
  #frame;
  #firstTheme = "";
  #receive = (/** @type {MessageEvent} */ event) => this.#onMessage(event);

  connectedCallback() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.#frame = document.createElement("iframe");
    this.#firstTheme = this.#theme;
    this.#frame.allow = "clipboard-write; storage-access";
    this.#load();
    addEventListener("message", this.#receive);
    root.replaceChildren(this.#frame);
  }

  disconnectedCallback() {
    removeEventListener("message", this.#receive);
    this.#frame = undefined;
  }

  /**
   * @param {string} attribute
   * @param {string | null} before
   * @param {string | null} value
   */
  attributeChangedCallback(attribute, before, value) {
    if (!this.#frame || before === value) return;
    if (attribute === "theme") this.#post({ type: "theme", theme: this.#theme });
    else this.#load();
  }

  get #theme() {
    const theme = this.getAttribute("theme") ?? "";
    return THEMES.includes(theme) ? theme : "";
  }

  // Another room is another fragment of the same address: the frame does not load again.
  #load() {
    if (!this.#frame) return;
    const room = this.getAttribute("room") ?? "";
    const address = new URL(PAGE);
    address.searchParams.set("host", location.origin);
    address.searchParams.set("theme", this.#firstTheme); // a later one is told: another address would load anew
    const name = this.getAttribute("name");
    if (name) address.searchParams.set("name", name);
    address.hash = room;
    this.#frame.title = room ? `Chat: ${room}` : "Chat";
    this.#frame.src = address.href;
  }

  /** @param {object} content */
  #post(content) {
    this.#frame?.contentWindow?.postMessage({ chatRoom: PROTOCOL, ...content }, PAGE.origin);
  }

  /** @param {MessageEvent} event */
  #onMessage({ source, origin, data }) {
    if (source !== this.#frame?.contentWindow || origin !== PAGE.origin || data?.chatRoom !== PROTOCOL) return;
    const { type, detail } = data;
    if (!EVENTS.includes(type)) return;
    if (type === "ready") this.#post({ type: "theme", theme: this.#theme });
    if (type === "unread") this.unread = detail.count;
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

customElements.define("chat-room", ChatRoom);
