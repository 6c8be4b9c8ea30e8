/* Quiz mode: the answer is hidden everywhere until the learner has worked it out. */

class Quiz {
  constructor() {
    this.asked = this.right = 0;
    this.solved = false;
    this.message = "";
  }

  /* A number to ask for: computed, not only moved, from not too many terms. */
  choose(order) {
    const good = order.filter(cell => !board.isCopy(cell) && board.formula(cell).terms.length <= 12 && board.value(cell) !== 0);
    const from = good.length ? good : order;
    this.solved = false;
    this.message = "";
    return from[Math.floor(Math.random() * from.length)];
  }

  answer(text, cell) {
    const given = Number(text.trim().replace(",", ".").replace(MINUS, "-"));
    const wanted = board.value(cell);
    if (text.trim() === "" || Number.isNaN(given)) { this.message = "Type a number, such as −1.25."; return; }
    this.asked++;
    if (Math.abs(given - wanted) <= 0.01 + 0.01 * Math.abs(wanted)) {
      this.right++;
      this.solved = true;
      this.message = `✓ Right: ${short(wanted, 4)}.`;
    } else if (Math.abs(given + wanted) <= 0.01 + 0.01 * Math.abs(wanted)) this.message = "Not yet: look at the sign.";
    else this.message = "Not yet: work out each term, then put them together.";
  }

  reveal(cell) {
    this.asked++;
    this.solved = true;
    this.message = `It is ${short(board.value(cell), 4)}.`;
  }

  form() {
    const score = this.asked ? `<span class="score">${this.right} right of ${this.asked} answers</span>` : "";
    const field = this.solved ? "" : `<label>Your answer <input id="answer" inputmode="text" autocomplete="off"></label> <button>Check</button> <button type="button" id="reveal">Show me</button>`;
    return `<form class="quiz">${field} <button type="button" id="another">Next question</button><output role="status">${this.message}</output>${score}</form>`;
  }
}
