from __future__ import annotations

from photoclust.people.decisions import read_decisions


def test_names_are_read() -> None:
    decisions = read_decisions('kind,subject,value\nname,p1,Ada\nname,p2,"Lovelace, A."\nname,p1,Ada L.\n')
    assert decisions.names == {"p1": "Ada L.", "p2": "Lovelace, A."}
    assert decisions.problems == ()


def test_bad_lines_are_reported_with_their_number_and_the_rest_applied() -> None:
    decisions = read_decisions("kind,subject,value\nname,p1\nfrobnicate,p1,x\n\nname,p2,\nname,p3,Grace\n")
    assert decisions.names == {"p3": "Grace"}
    assert [problem.split(":")[0] for problem in decisions.problems] == [
        "Line 2 of the decisions",
        "Line 3 of the decisions",
        "Line 5 of the decisions",
    ]


def test_a_byte_order_mark_and_an_empty_file_do_no_harm() -> None:
    assert read_decisions("\ufeffkind,subject,value\nname,p,Ada\n").names == {"p": "Ada"}
    assert read_decisions("").names == {}
