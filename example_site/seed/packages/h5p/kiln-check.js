// An H5P content type of the school's own: a few questions with one right answer each.
var H5P = H5P || {};

H5P.KilnCheck = (function (EventDispatcher) {
  "use strict";

  function KilnCheck(params, contentId) {
    EventDispatcher.call(this);
    this.params = params;
    this.contentId = contentId;
  }

  KilnCheck.prototype = Object.create(EventDispatcher.prototype);
  KilnCheck.prototype.constructor = KilnCheck;

  function element(name, text, className) {
    var made = document.createElement(name);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  KilnCheck.prototype.attach = function ($container) {
    var self = this;
    var root = $container.get(0);
    var form = element("form");
    root.classList.add("kiln-check");
    form.append(element("p", this.params.intro, "kiln-check-intro"));
    this.params.questions.forEach(function (question, number) {
      form.append(self.question(question, number));
    });
    this.verdict = element("p", "", "kiln-check-verdict");
    this.verdict.setAttribute("role", "status");
    var button = element("button", this.params.words.check);
    button.type = "submit";
    form.append(button, this.verdict);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      self.check(form);
    });
    root.append(form);
    this.trigger("resize");
  };

  KilnCheck.prototype.question = function (question, number) {
    var contentId = this.contentId;
    var group = element("fieldset");
    group.append(element("legend", question.ask));
    question.answers.forEach(function (answer, index) {
      var label = element("label");
      var input = element("input");
      input.type = "radio";
      input.name = "kiln-" + contentId + "-" + number;
      input.value = index;
      label.append(input, element("span", answer));
      group.append(label);
    });
    return group;
  };

  KilnCheck.prototype.check = function (form) {
    var contentId = this.contentId;
    var all = this.params.questions.length;
    var right = this.params.questions.filter(function (question, number) {
      var chosen = form.querySelector("input[name=kiln-" + contentId + "-" + number + "]:checked");
      return chosen && Number(chosen.value) === question.right;
    }).length;
    var words = this.params.words;
    this.verdict.textContent = (right === all ? words.passed : words.again)
      .replace("{n}", right).replace("{of}", all);
    // Completed means all right: until then one may look again and answer again.
    if (right === all) this.triggerXAPIScored(right, all, "completed", true, true);
    else this.triggerXAPIScored(right, all, "scored", false, false);
    this.trigger("resize");
  };

  return KilnCheck;
})(H5P.EventDispatcher);
