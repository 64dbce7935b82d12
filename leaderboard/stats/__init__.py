"""Intervals, paired tests and rankings from counts per resampling unit. NumPy and SciPy; no torch, no I/O of its own.

    design     the grid: which rows, columns and pairs there are
    counts     counts per unit as arrays, joined across languages and rows
    draws      bootstrap weights
    columns    scores, item variance and seed variance of every column
    contrasts  gains, differences of twins, interactions
    testing    t intervals, p-values, sign flips
    multiple   Holm, Benjamini-Hochberg
    pooling    random effects over pairs
    ranks      rank intervals, tie groups, neighbours
    validation a cell's score on validation rows
    best       the best recipe per target, chosen on validation
    compute    all of it, as the models of leaderboard.statistics

docs/statistics.md gives the assumptions of intervals and tests, and their coverage.
"""
