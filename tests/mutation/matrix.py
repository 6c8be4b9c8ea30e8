"""The kill matrix: how many mutants of each operator the tests of each subject notice."""

from collections import Counter

from mutation.equivalent import EQUIVALENT, key_of

from tinymm.gradchecking.mutants import OPERATORS


def counted(verdicts):
    """{subject: {operator: (killed, all)}} without the equivalent mutants, and {subject: those}."""
    killed, planted, same = Counter(), Counter(), Counter()
    for subject, function, mutant, verdict in verdicts:
        if key_of(function, mutant) in EQUIVALENT:
            same[subject] += 1
        else:
            planted[subject, mutant.operator] += 1
            killed[subject, mutant.operator] += verdict != "survived"
    names = dict.fromkeys(subject for subject, *_ in verdicts)
    table = {s: {o: (killed[s, o], planted[s, o]) for o in OPERATORS if planted[s, o]} for s in names}
    return table, same


def markdown_table(verdicts):
    """The matrix as a markdown table."""
    table, same = counted(verdicts)
    columns = [*OPERATORS, "all", "equivalent"]
    rows = [["", *columns], ["---", *("---:" for _ in columns)]]
    for subject, cells in table.items():
        rows.append([subject, *_cells(cells), str(same[subject] or "")])
    total = {o: tuple(sum(c.get(o, (0, 0))[k] for c in table.values()) for k in (0, 1)) for o in OPERATORS}
    rows.append(["all", *_cells(total), str(sum(same.values()) or "")])
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |" for row in rows
    )


def text_report(verdicts, seconds, wrong):
    """The matrix as a markdown table, the survivors, how the killed ones died, and what is wrong."""
    same, lines = counted(verdicts)[1], [markdown_table(verdicts), ""]
    for subject, function, mutant, verdict in verdicts:
        if verdict == "survived" and key_of(function, mutant) not in EQUIVALENT:
            place = f"{function.__qualname__}, line {mutant.line}"
            lines.append(f"survived: {subject}, {place} ({mutant.operator})")
            lines += [f"    before  {mutant.before}", f"    after   {mutant.after}", f"    {mutant.message}"]
    how = Counter(verdict for *_, verdict in verdicts)
    lines.append(
        f"{len(verdicts)} mutants in {seconds:.0f} s: {how['wrong']} killed by a wrong number, "
        f"{how['crashed']} by an error, {how['too slow']} by the time limit; "
        f"{how['survived']} survived, {sum(same.values())} of them equivalent"
    )
    return "\n".join([*lines, *(f"error: {sentence}" for sentence in wrong)])


def json_report(verdicts, seconds, wrong):
    """The same as one JSON object."""
    table, same = counted(verdicts)
    mutants = [
        {"subject": s, "function": f.__qualname__, "line": m.line, "operator": m.operator, "before": m.before,
         "after": m.after, "message": m.message, "verdict": verdict,
         "equivalent": EQUIVALENT.get(key_of(f, m))}
        for s, f, m, verdict in verdicts
    ]  # fmt: skip
    matrix = {s: {o: {"killed": k, "all": n} for o, (k, n) in cells.items()} for s, cells in table.items()}
    report = {"seconds": round(seconds, 1), "matrix": matrix, "equivalent": dict(same), "errors": wrong}
    return {**report, "mutants": mutants}


def _cells(cells):
    everything = tuple(sum(numbers) for numbers in zip(*cells.values())) or (0, 0)
    return [f"{k}/{n}" if n else "" for k, n in (*(cells.get(o, (0, 0)) for o in OPERATORS), everything)]
