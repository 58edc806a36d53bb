/* The word on the last button follows the status that is chosen. The server does what the status says either way. */
(() => {
  const { Controller } = window.StimulusModule;

  class StatusController extends Controller {
    static targets = ['choice'];

    choiceTargetConnected() {
      this.changed();
    }

    changed() {
      const chosen = this.choiceTargets.find((choice) => choice.checked);
      if (!chosen) return;
      document.querySelectorAll('[data-lms-status-label]').forEach((label) => {
        label.textContent = label.dataset[chosen.value] || label.textContent;
      });
    }
  }

  window.wagtail.app.register('lms-status', StatusController);
})();
