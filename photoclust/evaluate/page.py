"""The worst offenders as a page to look at, self-contained."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from jinja2 import Environment

from photoclust.evaluate.evaluation import Evaluation

FACES_SHOWN = 12  # of each part

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>photoclust: evaluation</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .2rem 1rem .2rem 0; text-align: right }
th:first-child { text-align: left }
section { border-top: 1px solid #8884; margin-top: 1.5rem; padding-top: .5rem }
.part { margin: .5rem 0 } img { width: 84px; height: 84px; object-fit: cover; border-radius: 6px }
.kind { font-size: .8rem; padding: .1rem .5rem; border-radius: 1rem; background: #8883 }
</style></head><body>
<h1>Evaluation</h1>
<p>{{ e.faces }} labelled faces of {{ e.people }} people; {{ e.groups }} groups, {{ e.alone }} faces alone.
{{ e.split }} people are split, {{ e.mixed }} groups mixed. Normalised mutual information
{{ "%.3f" | format(e.nmi) }}.</p>
<table><tr><th></th><th>precision</th><th>recall</th><th>F</th></tr>
{% for name, s in (("pairwise", e.pairwise), ("BCubed", e.bcubed)) -%}
<tr><th>{{ name }}</th><td>{{ "%.3f" | format(s.precision) }}</td><td>{{ "%.3f" | format(s.recall) }}</td>
<td>{{ "%.3f" | format(s.f) }}</td></tr>
{% endfor %}</table>
{% for one in e.worst %}<section><h2>{{ one.name }} <span class="kind">{{ one.kind }}</span></h2>
<p>{{ one.wrong_pairs }} wrong pairs of faces</p>
{% for part in one.parts %}<div class="part"><strong>{{ part.name }}</strong> ({{ part.rows | length }})<br>
{% for row in part.rows[:shown] -%}
<img alt="{{ photos[row] }}" title="{{ photos[row] }}" src="{{ picture(row) }}">
{% endfor %}</div>{% endfor %}</section>
{% endfor %}</body></html>
"""


def evaluation_page(evaluation: Evaluation, photos: Sequence[str], thumbnails: Sequence[bytes]) -> str:
    """HTML that shows the scores and the worst offenders.

    Parameters
    ----------
    evaluation
        What to show; its rows point into the following.
    photos
        Name of each labelled face's photo.
    thumbnails
        JPEG of each labelled face.
    """

    def picture(row: int) -> str:
        return "data:image/jpeg;base64," + base64.b64encode(thumbnails[row]).decode()

    page = Environment(autoescape=True).from_string(_PAGE)
    return page.render(e=evaluation, photos=photos, picture=picture, shown=FACES_SHOWN)
