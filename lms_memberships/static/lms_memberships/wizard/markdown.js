/* The toolbar and the preview of a description. Registered with Wagtail's own Stimulus application. */
(() => {
  const { Controller } = window.StimulusModule;
  const WRAPS = { bold: ['**', '**'], italic: ['_', '_'] };
  const LINES = { heading: () => '## ', bullets: () => '- ', numbers: (n) => `${n + 1}. ` };
  const KEYS = { b: 'bold', i: 'italic', k: 'link' };
  const PAUSE = 400;

  class MarkdownController extends Controller {
    static targets = ['input', 'preview', 'tools'];
    static values = { url: String };

    connect() {
      this.toolsTarget.hidden = false;
      this.previewTarget.hidden = false;
      this.asked = 0;
      this.load();
    }

    disconnect() {
      clearTimeout(this.timer);
    }

    changed() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.load(), PAUSE);
    }

    async load() {
      const text = this.inputTarget.value;
      const turn = (this.asked += 1);
      if (!text.trim()) {
        this.previewTarget.textContent = this.previewTarget.dataset.empty;
        return;
      }
      try {
        const response = await fetch(this.urlValue, {
          method: 'POST',
          headers: { [window.wagtailConfig.CSRF_HEADER_NAME]: window.wagtailConfig.CSRF_TOKEN },
          body: new URLSearchParams({ text }),
        });
        if (!response.ok) throw new Error(response.status);
        const html = await response.text();
        // An older answer must not replace a newer one. The server has cleaned the HTML.
        if (turn === this.asked) this.previewTarget.innerHTML = html;
      } catch {
        if (turn === this.asked) this.previewTarget.textContent = this.previewTarget.dataset.failed;
      }
    }

    apply({ params: { tool } }) {
      this.use(tool);
    }

    key(event) {
      const tool = KEYS[event.key.toLowerCase()];
      if (tool && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
        event.preventDefault();
        event.stopPropagation();
        this.use(tool);
      }
    }

    /* One tab stop for the toolbar; arrows walk along it (ARIA Authoring Practices). */
    walk(event) {
      const tools = [...this.toolsTarget.querySelectorAll('button')];
      const forward = getComputedStyle(this.element).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
      const back = forward === 'ArrowRight' ? 'ArrowLeft' : 'ArrowRight';
      const here = tools.indexOf(event.currentTarget);
      const next = { [forward]: here + 1, [back]: here - 1, Home: 0, End: tools.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      tools[here].tabIndex = -1;
      const target = tools[(next + tools.length) % tools.length];
      target.tabIndex = 0;
      target.focus();
    }

    use(tool) {
      const input = this.inputTarget;
      input.focus();
      const { selectionStart: start, selectionEnd: end, value } = input;
      const chosen = value.slice(start, end);
      if (tool in WRAPS) {
        const [before, after] = WRAPS[tool];
        this.replace(start, end, before + chosen + after, before.length, chosen.length);
      } else if (tool === 'link') {
        this.replace(start, end, `[${chosen}](https://)`, chosen ? chosen.length + 3 : 1, chosen ? 8 : 0);
      } else {
        const from = value.lastIndexOf('\n', start - 1) + 1;
        const lines = value.slice(from, end).split('\n').map((line, n) => LINES[tool](n) + line);
        const text = lines.join('\n');
        this.replace(from, end, text, text.length, 0);
      }
    }

    /* execCommand keeps the browser's undo; setRangeText is for browsers that dropped it. */
    replace(start, end, text, offset, length) {
      const input = this.inputTarget;
      input.setSelectionRange(start, end);
      if (!document.execCommand('insertText', false, text)) {
        input.setRangeText(text, start, end, 'end');
        input.dispatchEvent(new Event('input', { bubbles: true }));
      }
      input.setSelectionRange(start + offset, start + offset + length);
    }
  }

  window.wagtail.app.register('lms-markdown', MarkdownController);
})();
