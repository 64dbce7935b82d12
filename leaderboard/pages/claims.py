"""The nine claims of the source, each with its rule, the numbers and a verdict."""

from __future__ import annotations

from markupsafe import Markup

from leaderboard.claims import Claim, judge_claims
from leaderboard.findings import ITEMS_ONLY
from leaderboard.lookup import AVERAGE
from leaderboard.pages.blocks import Section, TableBlock, prose
from leaderboard.pages.columns import WITHOUT_STATISTICS
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look, RowLook
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import DASH

#: The claim that says which model the others are about.
_MODEL_CLAIM = 7
_SYMBOLS = {"supported": "✓", "contradicted": "✗", "undecided": "?", "not measured here": DASH}


def claims_page(site: Site) -> Page:
    """The page of claims."""
    claims = judge_claims(site.board, site.folder, site.lookup)
    lede = Markup(
        '<p class="lede">The claims of <a href="https://arxiv.org/abs/2005.13013" rel="noreferrer">Phang et al. 2020'
        "</a>, tested on the results of this suite by the rule given with each verdict. The published averages were "
        "not checked against the paper's tables.</p>\n"
    )
    ranking = site.lookup.ranking(AVERAGE)
    if ranking is not None and ranking.kind == "items":
        lede += Markup("<p>Intervals are {}.</p>\n").format(ITEMS_ONLY)
    if site.lookup.statistics is None:
        lede += Markup("<p>{}</p>\n").format(WITHOUT_STATISTICS)
    if site.frame.miniature:
        lede += Markup(
            "<p><strong>A verdict on a miniature suite tests the machinery, not the claim:</strong> neither the "
            "paper's data nor its model is used.</p>\n"
        )
    elif any(claim.number == _MODEL_CLAIM and claim.verdict != "supported" for claim in claims):
        lede += Markup(
            "<p><strong>The paper's claims are about XLM-R Large, which is not among these backbones.</strong> A "
            "verdict says whether the same holds for the backbones and the amount of training of this suite; it does "
            "not make the paper's finding right or wrong.</p>\n"
        )
    return Page(
        stem="claims",
        title=f"Claims: {site.frame.title}",
        heading=heading("Nine claims, tested here"),
        lede=lede,
        sections=(_overview(site, claims), *(_section(site, claim) for claim in claims)),
    )


def _overview(site: Site, claims: tuple[Claim, ...]) -> Section:
    table = Table(
        name="claims",
        caption="The claims and their verdicts",
        columns=(
            Column(key="number", title="No.", kind="text"),
            Column(key="claim", title="Claim", kind="text"),
            Column(key="published", title="Published", kind="text"),
            Column(key="verdict", title="Here", kind="text"),
        ),
        rows=tuple(
            (
                Field(value=str(claim.number)),
                Field(value=claim.text),
                Field(value=claim.published),
                Field(value=f"{_SYMBOLS[claim.verdict]} {claim.verdict}"),
            )
            for claim in claims
        ),
        miniature=site.frame.miniature,
    )
    look = Look(
        id="table-claims",
        label="Claims",
        heads=("number",),
        rows=tuple(RowLook(href=f"#claim-{claim.number}") for claim in claims),
        words=True,
    )
    return Section(id="overview", title="Overview", blocks=(TableBlock(table=table, look=look),))


def _section(site: Site, claim: Claim) -> Section:
    table = Table(
        name=f"claim-{claim.number}",
        caption=f"Claim {claim.number}: result of the rule",
        columns=(
            Column(key="subject", title="Backbone" if claim.published != "set-up" else "What", kind="text"),
            Column(key="verdict", title="Verdict", kind="text"),
            Column(key="numbers", title="Numbers", kind="text"),
        ),
        rows=tuple(
            (
                Field(value=one.subject),
                Field(value=f"{_SYMBOLS[one.verdict]} {one.verdict}"),
                Field(value=one.numbers),
            )
            for one in claim.tested
        ),
        miniature=site.frame.miniature,
    )
    look = Look(id=f"table-claim-{claim.number}", label=f"Claim {claim.number}", heads=("subject",), words=True)
    intro = prose(
        '<p class="sentence"><bdi>{}</bdi></p>\n<dl class="summary">\n<div><dt>Published</dt><dd>{}</dd></div>\n'
        "<div><dt>Rule</dt><dd>{}</dd></div>\n<div><dt>Here</dt><dd><strong>{} {}</strong></dd></div>\n</dl>\n",
        claim.text,
        claim.published,
        claim.rule,
        _SYMBOLS[claim.verdict],
        claim.verdict,
    )
    blocks = (intro, TableBlock(table=table, look=look))
    return Section(id=f"claim-{claim.number}", title=f"Claim {claim.number}", blocks=blocks)
