"""The pages of languages: scores by target, backbone and language family, with tokenizer statistics."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from leaderboard.effects import ComparedPair, compared_pairs
from leaderboard.languages import language_scores
from leaderboard.linguistics import in_order, language
from leaderboard.names import slug, task_page
from leaderboard.pages.blocks import Block, Section, TableBlock, paragraphs, prose
from leaderboard.pages.cells import BASELINE_MARK, UNKNOWN_MARK
from leaderboard.pages.columns import STAR_NOTE, interval_notes, mark_notes, with_effect
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look, RowLook, Shade
from leaderboard.pages.task import language_field, languages_file
from leaderboard.read import CellKey
from leaderboard.results import BASELINE_RECIPE, BackboneInfo, LanguageResult, TargetInfo
from leaderboard.statistics import LanguagePair
from leaderboard.tables.value import Column, Field, Kind, Table
from leaderboard.words import no_mean, plural

_MARKS = {mark.symbol: mark.text for mark in (UNKNOWN_MARK, BASELINE_MARK)}


def languages_page(site: Site) -> Page:
    """The list of languages, with the way to each target's."""
    targets = site.board.suite.targets
    codes = in_order(tuple(dict.fromkeys(code for target in targets for code in target.languages)))
    table = Table(
        name="languages",
        caption="Languages scored in this suite, by family",
        columns=(
            Column(key="language", title="Language", kind="text"),
            Column(key="code", title="Code", kind="text"),
            Column(key="family", title="Language family", kind="text"),
            Column(key="script", title="Script", kind="text"),
            Column(key="targets", title="Scored in", kind="text"),
        ),
        rows=tuple(
            (
                Field(value=language(code).name),
                Field(value=code),
                Field(value=language(code).family),
                Field(value=language(code).script),
                Field(value=", ".join(target.title for target in targets if code in target.languages)),
            )
            for code in codes
        ),
        miniature=site.frame.miniature,
    )
    look = Look(id="table-languages", label="Languages", heads=("language",), words=True)
    items = Markup("").join(
        Markup('<li><a href="{}"><bdi>{}</bdi></a>, {}</li>\n').format(
            languages_file(target.name), target.title, plural(len(target.languages), "language")
        )
        for members in site.board.groups.values()
        for target in members
    )
    return Page(
        stem="languages",
        title=f"Languages: {site.frame.title}",
        heading=heading("Languages"),
        lede=Markup('<p class="lede">Scores by language, with statistics of each tokenizer: a low score may be due to '
                    "an unknown script or truncated text, not to poor transfer.</p>\n"),
        sections=(
            Section(
                id="targets",
                title="Backbone by language, one page per target",
                blocks=(prose('<ul class="notes">\n{}</ul>\n', items),),
            ),
            Section(id="list", title="All languages", blocks=(TableBlock(table=table, look=look),)),
        ),
    )  # fmt: skip


def language_page(site: Site, target: TargetInfo) -> Page:
    """One target's languages."""
    recipes = [recipe.name for recipe in site.board.suite.recipes]
    recipe = BASELINE_RECIPE if BASELINE_RECIPE in recipes else recipes[0]
    codes = in_order(target.languages)
    return Page(
        stem=languages_file(target.name).removesuffix(".html"),
        title=f"Languages of {target.title}: {site.frame.title}",
        heading=heading(f"Languages of {target.title}"),
        lede=Markup('<p>Scores of every row: <a href="{}"><bdi>{}</bdi></a>. <a href="languages.html">All languages</a>'
                    "</p>\n").format(task_page(target.name), target.title),
        sections=(
            _scores(site, target, recipe, codes),
            *_pairs(site, target, recipe, codes),
            _tokens(site, target, codes),
        ),
    )  # fmt: skip


def _columns(codes: tuple[str, ...], kind: Kind) -> tuple[Column, ...]:
    return tuple(
        Column(key=f"language.{code}", title=code, kind=kind, group=f"{language(code).family}, {language(code).script}")
        for code in codes
    )


def _firsts(codes: tuple[str, ...]) -> frozenset[str]:
    groups = [(language(code).family, language(code).script) for code in codes]
    return frozenset(
        f"language.{code}" for place, code in enumerate(codes) if not place or groups[place] != groups[place - 1]
    )


def _heat(
    site: Site,
    codes: tuple[str, ...],
    cells: Callable[[BackboneInfo], tuple[Field, ...]],
    *,
    key: str,
    caption: str,
    kind: Kind,
    shade: Shade = "score",
) -> TableBlock:
    backbones = site.board.suite.backbones
    fields = tuple(
        (Field(value=backbone.name), Field(value=backbone.family), *cells(backbone)) for backbone in backbones
    )
    table = Table(
        name=key,
        caption=caption,
        columns=(
            Column(key="backbone", title="Backbone", kind="text"),
            Column(key="family", title="Family", kind="family"),
            *_columns(codes, kind),
        ),
        rows=fields,
        notes=mark_notes(fields, _MARKS),
        miniature=site.frame.miniature,
    )
    look = Look(
        id=key,
        label=caption,
        heads=("backbone",),
        rows=tuple(RowLook(title=backbone.title) for backbone in backbones),
        shade=shade,
        firsts=_firsts(codes),
    )
    return TableBlock(table=table, look=look)


def _scores(site: Site, target: TargetInfo, recipe: str, codes: tuple[str, ...]) -> Section:
    rows = {(row.backbone.name, row.recipe.name): row for row in site.board.rows}

    def cells(backbone: BackboneInfo) -> tuple[Field, ...]:
        score = rows[backbone.name, recipe].scores.targets[target.name]
        why = "" if score.value is not None else no_mean(score)
        found = language_scores(site.folder, backbone.name, recipe, target)
        return tuple(language_field(found[code], why) for code in codes)

    block = _heat(
        site,
        codes,
        cells,
        key=f"heat-{slug(target.name)}",
        caption=f"{target.title} with recipe {recipe}: points by backbone and language; stronger shades are higher",
        kind="points",
    )
    return Section(id="heat", title="Scores by backbone and language", blocks=(block,))


def _tokens(site: Site, target: TargetInfo, codes: tuple[str, ...]) -> Section:
    """Return the tokenizer statistics, from any result of a backbone, since recipes do not change them."""
    measures: tuple[tuple[str, str, Kind], ...] = (
        ("fertility", "Fertility: pieces per word; higher means that words are split more", "number"),
        ("unknown", "Unknown rate: share of pieces unknown to the tokenizer", "share"),
        ("truncated", "Truncated: share of inputs that lost text", "share"),
    )
    blocks: list[Block] = [
        paragraphs("These do not depend on the recipe; they are taken from the backbone's first result on this target.")
    ]
    for name, words, kind in measures:

        def cells(backbone: BackboneInfo, name: str = name) -> tuple[Field, ...]:
            found = _any_result(site, backbone.name, target.name)
            if found is None:
                return (Field(value=None, missing="The backbone has no result on this target."),) * len(codes)
            return tuple(_measure(getattr(found[code], name)) for code in codes)

        blocks.append(
            _heat(
                site,
                codes,
                cells,
                key=f"{name}-{slug(target.name)}",
                caption=f"{target.title}. {words}",
                kind=kind,
            )
        )
    return Section(id="tokens", title="Tokenizer statistics", blocks=tuple(blocks))


def _measure(value: float | None) -> Field:
    return Field(value=None, missing="Not measured for this kind of input.") if value is None else Field(value=value)


def _any_result(site: Site, backbone: str, target: str) -> dict[str, LanguageResult] | None:
    for recipe in site.board.suite.recipes:
        for seed in site.board.suite.seeds:
            result = site.folder.results.get(CellKey(backbone, recipe.name, target, seed))
            if result is not None:
                return result.languages
    return None


def _pairs(site: Site, target: TargetInfo, recipe: str, codes: tuple[str, ...]) -> tuple[Section, ...]:
    pairs = compared_pairs(site.board, site.pairs, site.lookup)
    if not pairs:
        return ()
    known = {pair.name: pair for pair in site.lookup.languages.pairs} if site.lookup.languages else {}
    fields = tuple(
        (Field(value=pair.title), *_contrasts(site, pair, known.get(pair.name), target, recipe, codes))
        for pair in pairs
    )
    exploratory = "Languages are exploratory: their tests are corrected for false discoveries, not family-wise."
    table = Table(
        name=f"pairs-by-language-{slug(target.name)}",
        caption=f"{target.title} with recipe {recipe}: code minus text by language, in points",
        columns=(Column(key="pair", title="Pair", kind="text"), *_columns(codes, "difference")),
        rows=fields,
        notes=(exploratory, STAR_NOTE, *interval_notes(site, [target.name]))
        if known
        else ("Plain differences: nothing is tested.",),
        miniature=site.frame.miniature,
    )
    look = Look(
        id="table-pairs",
        label="Code minus text by language",
        heads=("pair",),
        shade="difference",
        intervals=frozenset(column.key for column in table.columns),
        firsts=_firsts(codes),
    )
    return (Section(id="pairs", title="Code minus text by language", blocks=(TableBlock(table=table, look=look),)),)


def _contrasts(
    site: Site, pair: ComparedPair, known: LanguagePair | None, target: TargetInfo, recipe: str, codes: tuple[str, ...]
) -> tuple[Field, ...]:
    code, text = (language_scores(site.folder, side, recipe, target) for side in (pair.code.name, pair.text.name))
    effects = {}
    if known is not None:
        effects = next((one.effects.get(target.name, {}) for one in known.contrasts if one.recipe == recipe), {})
    found = []
    for name in codes:
        left, right = code[name].value, text[name].value
        if left is None or right is None:
            found.append(Field(value=None, missing="One of the two has no score on this target."))
        else:
            found.append(with_effect(left - right, effects.get(name)))
    return tuple(found)
