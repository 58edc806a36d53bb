/* Tiers are put in order by dragging the handle, or with the arrows and no new page. Without this file the arrows ask
   the server, and the places can be typed. */
(() => {
  const rowsOf = (body) => [...body.querySelectorAll('[data-lms-tier]')];

  const count = (body) => {
    rowsOf(body).forEach((row, index) => {
      row.querySelector('[data-lms-place]').value = index + 1;
    });
  };

  const say = (table, row) => {
    const said = table.querySelector('[data-lms-said]');
    const place = rowsOf(row.parentNode).indexOf(row) + 1;
    said.textContent = said.dataset.text.replace('{place}', place);
  };

  const changed = (table, row) => {
    count(row.parentNode);
    say(table, row);
    // Wagtail warns of unsaved changes when it hears of one.
    row.querySelector('[data-lms-place]').dispatchEvent(new Event('change', { bubbles: true }));
  };

  const move = (table, row, direction) => {
    const other = direction === 'up' ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (direction === 'up') other.before(row);
    else other.after(row);
    changed(table, row);
  };

  const drag = (table, handle) => {
    const row = handle.closest('[data-lms-tier]');
    const body = row.parentNode;
    const follow = (event) => {
      const others = rowsOf(body).filter((each) => each !== row);
      const below = others.find((each) => {
        const box = each.getBoundingClientRect();
        return event.clientY < box.top + box.height / 2;
      });
      if (below) below.before(row);
      else body.append(row);
    };
    // On the document: a row that is moved in the page loses a captured pointer.
    const drop = () => {
      row.classList.remove('lms-tiers__held');
      document.removeEventListener('pointermove', follow);
      ['pointerup', 'pointercancel'].forEach((name) => document.removeEventListener(name, drop));
      changed(table, row);
    };
    handle.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      row.classList.add('lms-tiers__held');
      document.addEventListener('pointermove', follow);
      ['pointerup', 'pointercancel'].forEach((name) => document.addEventListener(name, drop));
    });
  };

  document.querySelectorAll('[data-lms-tiers]').forEach((table) => {
    table.querySelectorAll('[data-lms-handle]').forEach((handle) => {
      handle.hidden = false;
      drag(table, handle);
    });
    table.addEventListener('click', (event) => {
      const button = event.target.closest('[data-lms-move]');
      if (!button) return;
      event.preventDefault();
      move(table, button.closest('[data-lms-tier]'), button.dataset.lmsMove);
      button.focus();
    });
  });
})();
