"""Pictures of masks: overlays, comparisons with a prediction, contact sheets and films.

>>> from sav_benchmark.pictures import ClipRoot, Comparison, MaskRoot, contact_sheet, frame_page
>>> clip = ClipRoot("examples/sav")["sav_900001"]  # doctest: +SKIP
>>> contact_sheet(clip).save("sheet.png")  # doctest: +SKIP
>>> pred = MaskRoot("examples/sav/predictions")["sav_900001"]  # doctest: +SKIP
>>> frame_page(Comparison(clip, pred), "00028")  # a Pillow image  # doctest: +SKIP
"""

from __future__ import annotations

from sav_benchmark.pictures.clips import Clip, ClipRoot, Comparison, MaskRoot
from sav_benchmark.pictures.colours import colour_of
from sav_benchmark.pictures.film import write_film
from sav_benchmark.pictures.overlay import draw_agreement, draw_objects
from sav_benchmark.pictures.pages import contact_sheet, film_pages, frame_page

__all__ = [
    "Clip",
    "ClipRoot",
    "Comparison",
    "MaskRoot",
    "colour_of",
    "contact_sheet",
    "draw_agreement",
    "draw_objects",
    "film_pages",
    "frame_page",
    "write_film",
]
