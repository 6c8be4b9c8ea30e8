"""The step viewer in a real browser: every page, every gradient, editing, keys, looks."""

import copy
import functools

import numpy as np
import pytest

import tinymm as mm
from tinymm.gradchecking.cases import CASES
from tinymm.layers import Layer
from tinymm.viewer.arrays import values
from tinymm.viewer.examples import EXAMPLES

example = functools.cache(mm.view)
every_example = pytest.mark.parametrize("name", EXAMPLES)

CHECK_ALL = """() => {
  const cells = [...orders.g];
  trace.panels.forEach((panel, index) => panel.role !== "computed" && panel.g
    && panel.g.forEach((_, k) => cells.push({ panel: index, k, kind: "g" })));
  return cells.map((cell, number) => {
    const panel = trace.panels[cell.panel];
    let text = check(panel, cell).replace(/<[^>]*>/g, "");
    if (number % 12 === 0) {  // what the page itself shows, for every twelfth
      choose(cell, false);
      const shown = document.querySelector(".check")?.textContent ?? "";
      if (shown !== text) text = `${text} is shown as ${shown}`;
    }
    return { name: placeText(cell), given: panel.given, own: Boolean(panel.v), text };
  });
}"""
ALL_VALUES = "() => Array.from(board.graph.values)"


def texts(page, selector):
    return page.eval_on_selector_all(selector, "found => found.map(one => one.textContent)")


@every_example
def test_a_page_loads_in_silence_and_computes_what_python_computed(open_page, name):
    view = example(name)
    page = open_page(view)
    wanted = [node.value for node in view.trace.tape.nodes]
    np.testing.assert_allclose(page.evaluate(ALL_VALUES), wanted, rtol=1e-12, atol=1e-15)
    for _ in range(3):
        page.keyboard.press("Space")
    page.keyboard.press("b")
    assert page.complaints == []


@every_example
def test_every_gradient_agrees_with_finite_differences_in_the_page(open_page, name):
    page = open_page(example(name))
    told = page.evaluate(CHECK_ALL)
    checked = [entry for entry in told if entry["own"] and not entry["given"]]
    for entry in checked:
        assert "✓ agrees" in entry["text"], entry
    steps = [entry for entry in told if not entry["own"]]
    assert all("step on the way back" in entry["text"] for entry in steps)
    assert len(checked) > 2 and page.complaints == []


WRITTEN = """() => {
  const js = text => text.replaceAll("−", "-").replaceAll("·", "*").replaceAll("²", "**2").replaceAll("√", "Math.sqrt")
    .replaceAll("≥", ">=").replaceAll("≤", "<=").replaceAll("≠", "!=").replaceAll("^", "**").replace(/(?<=\\[[^\\]]*) = /g, " == ")
    .replaceAll("[", "Number(").replaceAll("]", ")").replace(/\\|([^|]*)\\|/g, "Math.abs($1)")
    .replace(/\\b(max|tanh|exp|log1p|log|min)\\(/g, "Math.$1(");
  const wrong = [];
  for (const cell of [...orders.v, ...orders.g]) {
    const formula = board.formula(cell), wanted = board.value(cell);
    if (formula.before === "argmax(") continue;
    const number = leaf => { const v = board.graph.values[leaf.node]; return v < 0 ? "−" + String(-v) : String(v); };
    const terms = formula.terms.map((term, k) => (formula.kind === "max" ? (k ? ", " : "") : term.sign < 0 ? " - " : k ? " + " : "")
      + writeTree(term.tree, number, term.sign < 0 ? 1.5 : 0));
    for (const text of [writeTree(formula.tree, number), formula.kind === "row" ? terms[1] : formula.before + terms.join("") + formula.after]) {
      if (text.includes(" if ")) continue;
      let got;
      try { got = Number(eval(js(text))); } catch (error) { got = String(error); }
      if (!(Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted)))) wrong.push([placeText(cell), text, js(text), got, wanted]);
    }
  }
  return wrong;
}"""


@every_example
def test_every_formula_as_it_is_written_gives_its_number(open_page, name):
    assert open_page(example(name)).evaluate(WRITTEN) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_option_of_every_layer_computes_and_checks_as_well(open_page, case):
    view = mm.view(case.make(), case.x(), **case.options)
    page = open_page(view)
    wanted = [node.value for node in view.trace.tape.nodes]
    got = np.array(page.evaluate("() => Array.from(board.graph.values).map(String)"), dtype=float)
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-15)
    told = [entry["text"] for entry in page.evaluate(CHECK_ALL) if entry["own"] and not entry["given"]]
    for text in told:
        known = ("✓ agrees", "no slope to compare", "see there", "keeps this gradient")
        assert text == "" or any(words in text for words in known), text
    assert page.complaints == []


def edited(name, rng):
    """The example with every input, parameter, target and upstream gradient changed a little: -> a View."""
    example = EXAMPLES[name]
    layer, x = example.build()
    options = dict(example.options)

    def change(a):
        return a if np.asarray(a).dtype.kind in "iu" else (np.asarray(a) + rng.normal(size=np.shape(a))).round(2)

    if not isinstance(layer, Layer):
        near = np.clip(x[0] + rng.uniform(-0.05, 0.05, x[0].shape), 0.05, 0.95) if "logits" not in name else change(x[0])
        return mm.view(layer, (near if name != "MeanSquaredError" else change(x[0]), x[1]))
    x = {key: change(a) for key, a in x.items()} if isinstance(x, dict) else change(x)
    layer = copy.deepcopy(layer)
    for a in layer.params.values():
        a[...] = change(a)
    if "loss" not in options:
        shape = mm.view(layer, x, **options).trace.y.shape
        options["dy"] = rng.normal(size=shape).round(2)
    return mm.view(layer, x, **options)


@every_example
def test_after_editing_everything_the_page_has_the_numbers_of_a_new_run(open_page, name):
    view = edited(name, np.random.default_rng(5))
    leaves = [(n.index, n.value) for n in view.trace.tape.nodes if n.operation == "leaf"]
    page = open_page(example(name))
    refused = page.evaluate("pairs => pairs.map(([leaf, value]) => board.graph.set(leaf, value)).filter(Boolean)", leaves)
    assert refused == []
    wanted = [node.value for node in view.trace.tape.nodes]
    np.testing.assert_allclose(page.evaluate(ALL_VALUES), wanted, rtol=1e-12, atol=1e-15)


@every_example
@pytest.mark.parametrize("width", (1360, 390))
def test_nothing_sticks_out_of_the_page_or_of_its_cell(open_page, name, width):
    page = open_page(example(name), width=width, height=844)
    for key in ("f", "b"):
        page.keyboard.press(key)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        out = page.evaluate("""() => [...document.querySelectorAll(".panel:not([hidden]) .cell")].filter(cell =>
            [...cell.querySelectorAll("span")].some(span => span.offsetWidth > cell.offsetWidth + 1))
            .map(cell => cell.textContent)""")
        assert out == []
        cut = page.evaluate("""key => orders[key].filter((_, k) => k % 9 === 0).filter(cell => { choose(cell, false);
            const box = document.querySelector(".equation"); return box && box.scrollWidth > box.clientWidth + 1; })
            .map(placeText)""", "v" if key == "f" else "g")  # fmt: skip
        assert cut == []


@every_example
def test_every_control_and_every_number_has_a_name(open_page, name):
    page = open_page(example(name))
    for key in ("f", "b"):
        page.keyboard.press(key)
        nameless = page.evaluate("""() => [...document.querySelectorAll("button, input, [role=grid], [role=gridcell], nav")]
            .filter(one => one.offsetParent && !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length))
            .map(one => one.outerHTML)""")
        assert nameless == []
    assert page.get_attribute("html", "lang") == "en"
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids))


def test_arrows_space_and_tab_reach_every_number(open_page):
    page = open_page(mm.view("Dense"))
    chosen = "() => placeText(state.cell)"
    assert page.evaluate(chosen) == "y[0,0]"
    page.keyboard.press("Space")
    assert page.evaluate(chosen) == "y[0,1]"
    page.keyboard.press("Shift+Space")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(chosen) == "y[1,0]"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(chosen)[0] in "bW"
    seen = set()
    page.keyboard.press("b")
    page.evaluate("() => choose(orders.g[0])")
    for _ in range(40):
        seen.add(page.evaluate(chosen))
        page.keyboard.press("Space")
    assert {f"dx[{n},{d}]" for n in range(3) for d in range(4)} <= seen and {"db[0]", "dW[3,1]"} <= seen
    page.evaluate("() => document.activeElement.blur()")
    reached = set()
    for _ in range(50):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("() => document.activeElement.closest('.panel')?.querySelector('b').textContent"))
    assert {"x", "W", "b", "y"} <= reached


def test_the_explanation_names_each_term_and_lights_both_factors(open_page):
    page = open_page(mm.view("Conv2D"))
    page.keyboard.press("b")
    page.evaluate("() => choose({ panel: 0, k: 12, kind: 'g' })")
    assert texts(page, ".chip code") == [f"dy[{2 - i},{2 - j}]·W[{i},{j}]" for i in range(3) for j in range(3)]
    assert page.locator(".equation math").count() == 1
    assert "9 terms" in page.inner_text("#explain")
    badges = "([panel, kind]) => panels.cells[panel].map(cell => cell.querySelector('.' + kind).className.includes('lit') && cell.lastChild.textContent)"
    W, y = (page.evaluate(f"() => trace.panels.findIndex(p => p.name === '{name}')") for name in "Wy")
    assert page.evaluate(badges, [W, "v"]) == [str(k) for k in range(1, 10)]
    assert page.evaluate(badges, [y, "g"]) == [str(k) for k in range(9, 0, -1)]
    assert "dx_padded[cells] += xp.tensordot(dy, W[i, j], axes=(3, 1))" in page.inner_text(".line.here").replace("\n", " ")
    page.evaluate("() => choose({ panel: 0, k: 0, kind: 'g' })")
    assert texts(page, ".chip code") == ["dy[0,0]·W[0,0]"]


def test_typing_a_number_recomputes_the_page_and_reset_takes_it_back(open_page):
    page = open_page(mm.view("Dense"))
    before = page.evaluate(ALL_VALUES)
    page.evaluate("() => choose({ panel: 0, k: 0, kind: 'v' })")
    page.keyboard.press("Enter")
    page.keyboard.type("2.5")
    page.keyboard.press("Enter")
    layer, x = EXAMPLES["Dense"].build()
    x[0, 0] = 2.5
    np.testing.assert_allclose(page.evaluate(ALL_VALUES), [n.value for n in mm.view(layer, x).trace.tape.nodes], rtol=1e-12)
    assert page.locator(".cell.changed").count() == 1 and page.locator("#reset").is_visible()
    assert page.evaluate("() => document.activeElement.dataset.k") == "0"
    page.keyboard.press("+")
    assert page.evaluate("() => board.value(state.cell)") == 2.6
    page.keyboard.press("r")
    assert page.evaluate(ALL_VALUES) == before and not page.locator("#reset").is_visible()
    page.keyboard.press("b")
    y = page.evaluate("() => trace.panels.findIndex(p => p.given)")
    page.evaluate("y => choose({ panel: y, k: 0, kind: 'g' })", y)
    page.keyboard.press("-")
    assert page.evaluate("() => board.graph.given[board.node(state.cell)] - board.graph.original[board.node(state.cell)]") < 0
    assert "∂L/∂y" in page.inner_text("#explain h2") and page.complaints == []


def test_another_winner_of_a_pool_gets_the_gradient(open_page):
    page = open_page(mm.view(mm.MaxPool1D(2), np.array([[[1.0], [2.0]]]), dy=np.array([[[3.0]]])))
    gradients = "() => trace.panels[0].g.map(node => board.graph.values[node])"
    assert page.evaluate(gradients) == [0, 3]
    page.evaluate("() => { choose({ panel: 0, k: 0, kind: 'v' }); edit('v', 5); }")
    assert page.evaluate(gradients) == [3, 0]


def test_a_token_without_a_row_is_refused_and_another_token_takes_its_own(open_page):
    page = open_page(mm.view("Embedding"))
    page.evaluate("() => { choose({ panel: 0, k: 0, kind: 'v' }); edit('v', 9); }")
    assert "refused" in page.inner_text("#refused")
    page.evaluate("() => edit('v', 3)")
    y = "() => trace.panels.find(p => p.name === 'y').v.slice(0, 3).map(node => board.graph.values[node])"
    assert page.evaluate(y) == page.evaluate("() => trace.panels.find(p => p.name === 'W').v.slice(9, 12).map(n => board.graph.values[n])")


def test_the_slider_and_its_keys_walk_through_time(open_page):
    page = open_page(mm.view("LSTM"))
    assert page.locator("#time").is_visible()
    page.evaluate("() => choose({ panel: trace.panels.findIndex(p => p.name === 'c'), k: 0, kind: 'v' })")
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert page.evaluate("() => placeText(state.cell)") == "c[2,0]"
    page.evaluate("() => { const s = document.getElementById('slider'); s.value = 1; s.dispatchEvent(new Event('input')); }")
    assert page.evaluate("() => placeText(state.cell)") == "c[1,0]"
    assert page.locator(".cell.now").count() > 10
    assert not open_page(mm.view("Dense")).locator("#time").is_visible()


def test_the_users_of_a_number_are_marked_and_can_be_visited(open_page):
    page = open_page(mm.view("Conv2D"))
    page.evaluate("() => choose({ panel: 0, k: 12, kind: 'v' })")
    page.keyboard.press("u")
    assert page.locator(".cell.user").count() == 9
    page.click(".users button >> nth=0")
    assert page.evaluate("() => placeText(state.cell)") == "y[0,0]"


def test_the_quiz_hides_the_answer_until_it_is_found(open_page):
    page = open_page(mm.view("Dense"))
    page.keyboard.press("q")
    answer = page.evaluate("() => board.value(state.cell)")
    chosen = page.locator(".cell.selected")
    assert "?" in chosen.inner_text() and "= ?" in page.inner_text(".result")
    assert "?" in chosen.get_attribute("aria-label")
    page.keyboard.type(str(-answer))
    page.keyboard.press("Enter")
    assert "sign" in page.inner_text(".quiz output")
    page.fill("#answer", f"{answer:.3f}")
    page.keyboard.press("Enter")
    assert "Right" in page.inner_text(".quiz output") and "1 right of 2" in page.inner_text(".quiz")
    assert "?" not in chosen.inner_text()
    page.click("#another")
    assert "= ?" in page.inner_text(".result")
    page.click("#quiz")
    assert page.locator(".quiz").count() == 0 and page.complaints == []


def test_play_walks_on_by_itself_and_stops_at_the_end(open_page):
    page = open_page(mm.view(mm.Tanh(), np.array([[0.5, -1.0]])))
    page.keyboard.press("p")
    page.wait_for_function("() => !state.playing", timeout=20_000)
    assert page.evaluate("() => placeText(state.cell)") == "y[1]"


def test_light_and_dark_follow_the_system_and_the_button(open_page):
    background = "() => getComputedStyle(document.body).backgroundColor"
    light, dark = open_page(mm.view("Tanh")), open_page(mm.view("Tanh"), dark=True)
    assert light.evaluate(background) != dark.evaluate(background)
    wanted = dark.evaluate(background)
    light.keyboard.press("d")
    assert light.evaluate(background) == wanted


def test_the_keys_are_listed_and_escape_closes_the_list(open_page):
    page = open_page(mm.view("Tanh"))
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


def test_a_notebook_shows_the_page_in_a_frame(open_page):
    page = open_page(f"<!doctype html><title>notebook</title>{mm.view('Tanh')._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.locator("#backward").click()
    assert "∂L/∂" in frame.locator("#explain h2").inner_text()


def test_a_wrong_gradient_is_called_wrong(open_page):
    class Wrong(mm.Tanh):
        def backward(self, dy, cache):
            return dy * (1 - cache), {}

    page = open_page(mm.view(Wrong(), np.array([[0.5, -1.0]])))
    page.keyboard.press("b")
    page.evaluate("() => choose({ panel: 0, k: 0, kind: 'g' })")
    assert "✗ the code says" in page.inner_text(".check")


def test_the_values_on_the_page_are_those_of_the_layer(open_page):
    view = mm.view("Dense")
    page = open_page(view)
    wanted = values(view.trace.y).ravel()
    shown = page.evaluate("() => { const k = trace.panels.findIndex(p => p.name === 'y'); return panels.cells[k].map(c => c.querySelector('.v').textContent); }")
    np.testing.assert_allclose([float(text.replace("−", "-")) for text in shown], wanted, atol=0.006)


@pytest.mark.parametrize("width", (390, 500))
def test_a_narrow_page_begins_with_its_introduction(open_page, width):
    page = open_page(mm.view("LSTM"), width=width, height=800)
    header, lead = page.locator("header").bounding_box(), page.locator(".lead").bounding_box()
    assert lead["y"] >= header["y"] + header["height"]
    page.keyboard.press(" ")
    assert page.locator(".cell.selected").evaluate("cell => cell.getBoundingClientRect().bottom < innerHeight / 2")


def test_in_a_frame_that_does_not_grow_the_explanation_stays_in_sight_below_the_header(open_page):
    page = open_page(f"<!doctype html><title>notebook</title>{mm.view('LSTM')._repr_html_()}", width=1000, height=1000)
    frame = page.frames[1]
    frame.locator("#backward").click()
    frame.evaluate("() => scrollTo(0, document.body.scrollHeight / 3)")
    page.wait_for_timeout(200)
    top, header = frame.evaluate("""() => [document.getElementById("explain").getBoundingClientRect().top,
        document.querySelector("header").getBoundingClientRect().bottom]""")  # fmt: skip
    assert frame.evaluate("() => scrollY") > 300
    assert header <= top < header + 60


def test_the_columns_of_an_lstm_are_named_by_gate_and_unit(open_page):
    assert "z[0,i₀]" in texts(open_page(mm.view("LSTM")), ".lhs")[0]
    single = mm.view(mm.LSTM(1), np.ones((1, 2, 1)))
    assert "W[i]" in texts(open_page(single), ".chip code")[0]
