"""The games the leaves play: tables from "which players fail here" to exact Shapley and Owen values.

A leaf is reached when every condition on its path holds. A player (a group of features) *fails* at a leaf when any of
its conditions there does not hold. Take one account x, failing the players F_x, and one background row b, failing F_b.
The row that has the players of a coalition S from x and the others from b reaches the leaf exactly when

    F_b is inside S, and S has nobody of F_x.

That game has a closed form (``owen_weights``), and it depends on x and b only through the two patterns of bits F_x and
F_b. So the background is walked once to count patterns, and each leaf gets a table: pattern of F_x -> value of each
player. An account then costs one walk and one look-up per leaf, however large the background was.

References
----------
Shapley (1953), A value for n-person games. Owen (1977), Values of games with a priori unions. Grabisch & Roubens
(1999), An axiomatic approach to the concept of interaction among players in cooperative games. Harsanyi (1963), A
simplified bargaining model for the n-person cooperative game (dividends).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from icp_ml.errors import UsageError, message
from icp_ml.fits.trees import Floats, Forest, Path, Tree, flushed

ROWS_PER_CHUNK = 4096
"""Rows walked together: few enough that all arrays of one tree stay in the processor's cache."""

MAX_PLAYERS_ON_PATH = 12
"""A table has 2^k patterns and is filled from 3^k disjoint pairs of patterns, so k has a limit."""

LEAVES_TOGETHER = 64
"""Leaves whose dividends are made at once: with 8 players each takes half a megabyte."""

_COUNTS = range(MAX_PLAYERS_ON_PATH)
_CHANCE = np.array([[factorial(m) * factorial(n) / factorial(m + n + 1) for n in _COUNTS] for m in _COUNTS])
"""``_CHANCE[m, n]``: in a random order, one player arrives after m given others and before n given others."""

Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Leaf:
    """One leaf as a game: bit j of a pattern says that ``players[j]`` fails.

    ``conditions`` are (index of a split, side wanted, bit of the player whose feature the split asks about).
    ``unions`` gives for each player the number, on this path, of the union it belongs to.
    """

    conditions: tuple[tuple[int, bool, int], ...]
    players: tuple[int, ...]
    unions: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """What one leaf adds: ``values[i, pattern]`` goes to output column ``columns[i]``; shape (len(columns), 2^k)."""

    columns: tuple[int, ...]
    values: NDArray[np.floating]


@dataclass(frozen=True)
class LeafGames:
    """All leaves of a forest as games against one background.

    ``leaves`` lists the leaves of each tree. ``masses`` holds for each leaf, in that order, an array of shape (2^k,):
    the leaf's value times the share of background rows with each pattern of failing players.
    """

    forest: Forest
    leaves: tuple[tuple[Leaf, ...], ...]
    masses: tuple[Floats, ...]

    @property
    def expected_value(self) -> float:
        """Mean raw score of the background rows: those that fail nobody reach the leaf."""
        return float(sum(mass[0] for mass in self.masses))

    def owen_tables(self, dtype: str) -> list[Table]:
        """Return one table per leaf with a column per player; Shapley values where each player is a union."""
        leaves = _flat(self.leaves)
        numbers: dict[tuple[int, ...], list[int]] = {}
        for number, leaf in enumerate(leaves):
            numbers.setdefault(leaf.unions, []).append(number)
        tables: dict[int, Table] = {}
        for unions, same in numbers.items():  # the weights are made once for all leaves with these unions
            weights = owen_weights(unions)
            tables |= {i: Table(leaves[i].players, _values(self.masses[i], weights).astype(dtype)) for i in same}
        return [tables[number] for number in range(len(leaves))]

    def interaction_tables(self, n_players: int, dtype: str) -> list[Table]:
        """Return one table per leaf: half the interaction index of players i < j, in column i * n_players + j."""
        tables = []
        for leaf, mass in zip(_flat(self.leaves), self.masses, strict=True):
            columns = tuple(i * n_players + j for i, j in combinations(leaf.players, 2))
            values = 0.5 * _values(mass, interaction_weights(len(leaf.players)))
            tables.append(Table(columns, values.astype(dtype)))
        return tables

    def coalition_tables(self) -> list[Table]:
        """Return one table per leaf: what a coalition adds over all its parts, in the column numbered by its bits.

        These are the game's dividends. A coalition is worth the sum of the dividends of all its subsets
        (`summed_over_subsets`), and a leaf has them only for the 2^k coalitions of its own k players.
        """
        leaves = _flat(self.leaves)
        by_size: dict[int, list[int]] = {}
        for number, leaf in enumerate(leaves):
            by_size.setdefault(len(leaf.players), []).append(number)
        tables: dict[int, Table] = {}
        for same in by_size.values():
            for start in range(0, len(same), LEAVES_TOGETHER):
                numbers = same[start : start + LEAVES_TOGETHER]
                dividends = _dividends(np.column_stack([self.masses[number] for number in numbers]))
                tables |= {n: Table(_coalitions_of(leaves[n].players), dividends[i]) for i, n in enumerate(numbers)}
        return [tables[number] for number in range(len(leaves))]

    def play(self, tables: list[Table], X: Floats, n_columns: int) -> Floats:
        """Return the sums over all leaves, shape (n_columns, n), float64: always added in the order of the leaves."""
        total = np.zeros((n_columns, len(X)))
        for rows, number, patterns in walk(self.forest, self.leaves, X):
            table = tables[number]
            for column, values in zip(table.columns, table.values, strict=True):
                total[column, rows] += values[patterns]
        return total


def leaf_games(forest: Forest, player_of_feature: Labels, union_of_player: Labels, background: Floats) -> LeafGames:
    """Return the games of a forest, with the patterns of the background counted in one pass.

    Parameters
    ----------
    forest
        The trees.
    player_of_feature
        (n_features,) the player each feature belongs to.
    union_of_player
        (n_players,) the union each player belongs to.
    background
        (n_background, n_features) matrix made by ``forest.matrix``, at least one row.

    Raises
    ------
    UsageError
        More than 12 players on one path.
    """
    leaves = tuple(
        tuple(_leaf(tree, path, player_of_feature, union_of_player, f"tree {number}") for path in tree.paths)
        for number, tree in enumerate(forest.trees)
    )
    counts = [np.zeros(2 ** len(leaf.players)) for leaf in _flat(leaves)]
    for _, number, patterns in walk(forest, leaves, background):
        counts[number] += np.bincount(patterns, minlength=len(counts[number]))
    values = [value for tree in forest.trees for value in tree.values]
    masses = (value * (count / len(background)) for count, value in zip(counts, values, strict=True))
    return LeafGames(forest, leaves, tuple(masses))


def walk(
    forest: Forest, leaves: tuple[tuple[Leaf, ...], ...], X: Floats
) -> Iterator[tuple[slice, int, NDArray[np.intp]]]:
    """Yield for each chunk of rows and each leaf: the rows, the leaf's number, each row's pattern of who fails."""
    for start in range(0, len(X), ROWS_PER_CHUNK):
        rows = slice(start, min(start + ROWS_PER_CHUNK, len(X)))
        columns = flushed(X[rows].T)
        number = 0
        for tree, leaves_of_tree in zip(forest.trees, leaves, strict=True):
            left = [split.goes_left(columns[split.feature]) for split in tree.splits]
            fails = {False: left, True: [~side for side in left]}  # by the side wanted: the rows that miss it
            for leaf in leaves_of_tree:
                patterns = np.zeros(rows.stop - start, dtype=np.uint16)
                for split, wanted, bit in leaf.conditions:
                    patterns |= fails[wanted][split] * np.uint16(bit)
                yield rows, number, patterns.astype(np.intp)
                number += 1


def owen_weights(unions: tuple[int, ...]) -> Floats:
    """Return the Owen value of each of k players, shape (3^k, k), for each pair (F_x, F_b) of ``disjoint_pairs(k)``.

    Let A = F_b, B = F_x. Unions arrive in random order, each union's players together, also in random order. A player g
    of union U adds +1 (g in A) or -1 (g in B) when it arrives after all others of A and before all others of B. A
    union other than U with members of both makes that impossible. Otherwise, with m other unions that hold only A, n
    that hold only B, and inside U, g not counted, a players of A and c of B, the probability is

        m! n! / (m+n+1)!  *  a! c! / (a+c+1)!

    With one player per union a = c = 0, and this is the Shapley value: 1 / (|A| C(|A|+|B|, |A|)) for each player of A,
    -1 / (|B| C(|A|+|B|, |B|)) for each player of B.
    """
    pairs = disjoint_pairs(len(unions))
    member = np.equal.outer(unions, range(max(unions, default=-1) + 1)).astype(np.uint8)
    in_a, in_b = pairs.fails_b @ member, pairs.fails_x @ member
    only_a, only_b, mixed = (in_a > 0) & (in_b == 0), (in_b > 0) & (in_a == 0), (in_a > 0) & (in_b > 0)
    weights = np.zeros(pairs.fails_x.shape)
    for player, own in enumerate(unions):
        g_in_a, g_in_b = pairs.fails_b[:, player], pairs.fails_x[:, player]
        m, n, blocked = (each.sum(axis=1) - each[:, own] for each in (only_a, only_b, mixed))
        a, c = in_a[:, own] - g_in_a, in_b[:, own] - g_in_b
        chance = np.where(blocked == 0, _CHANCE[m, n] * _CHANCE[a, c], 0.0)
        weights[:, player] = chance * g_in_a - chance * g_in_b
    return weights


@cache
def interaction_weights(k: int) -> Floats:
    """Return the Shapley interaction index of each pair i < j, shape (3^k, k(k-1)/2), in the order of ``combinations``.

    Let i and j arrive as one player, after m others of F_b and before n others of F_x: m! n! / (m+n+1)!, positive when
    both are in F_b or both in F_x, negative when there is one in each, 0 when i or j is in neither.
    """
    pairs = disjoint_pairs(k)
    sign = pairs.fails_b.astype(np.int8) - pairs.fails_x.astype(np.int8)
    weights = np.zeros((3**k, k * (k - 1) // 2))
    for column, (i, j) in enumerate(combinations(range(k), 2)):
        others = np.delete(sign, (i, j), axis=1)
        m, n = (others > 0).sum(axis=1), (others < 0).sum(axis=1)
        weights[:, column] = sign[:, i] * sign[:, j] * _CHANCE[m, n]
    return weights


@dataclass(frozen=True)
class DisjointPairs:
    """All pairs (F_x, F_b) of disjoint patterns of k players, sorted by F_x.

    ``fails_x`` and ``fails_b`` are 0/1 of shape (3^k, k); ``b`` is F_b as a pattern of bits; the pairs with pattern
    F_x = i begin at ``starts[i]``.
    """

    fails_x: NDArray[np.uint8]
    fails_b: NDArray[np.uint8]
    b: NDArray[np.intp]
    starts: NDArray[np.intp]


@cache
def disjoint_pairs(k: int) -> DisjointPairs:
    """Return the 3^k pairs: each player fails for nobody (0), for the account (1) or for the background row (2)."""
    digits = np.arange(3**k)[:, None] // 3 ** np.arange(k) % 3
    x, b = (((digits == who) @ (1 << np.arange(k))).astype(np.intp) for who in (1, 2))
    order = np.argsort(x, kind="stable")
    fails_x, fails_b = ((digits[order] == who).astype(np.uint8) for who in (1, 2))
    return DisjointPairs(fails_x, fails_b, b[order], np.searchsorted(x[order], np.arange(2**k)))


def summed_over_subsets(values: Floats) -> Floats:
    """Return for each pattern of bits on the first axis, length 2^k, the sum over all its subsets (zeta transform)."""
    total = values.copy()
    for bit in range(len(values).bit_length() - 1):
        pairs = total.reshape(-1, 2, 2**bit, *values.shape[1:])
        pairs[:, 1] += pairs[:, 0]
    return total


def _dividends(masses: Floats) -> Floats:
    """Return for leaves of k players, masses (2^k, n_leaves), the dividend of each coalition T for each pattern F_x.

    A leaf is worth the mass of all F_b inside S to a coalition S that has nobody of F_x, and nothing to any other; the
    dividend of T is the alternating sum of that over the subsets of T (Moebius transform). Shape (n_leaves, 2^k, 2^k).
    """
    patterns = np.arange(len(masses))
    blocked = (patterns[:, None] & patterns)[:, :, None] > 0
    dividends = np.where(blocked, 0.0, summed_over_subsets(masses)[:, None])
    for bit in range(len(masses).bit_length() - 1):
        pairs = dividends.reshape(-1, 2, 2**bit, *dividends.shape[1:])
        pairs[:, 1] -= pairs[:, 0]
    return np.ascontiguousarray(dividends.transpose(2, 0, 1))


def _coalitions_of(players: tuple[int, ...]) -> tuple[int, ...]:
    """Return the number of each coalition of a leaf's players, in the order of the leaf's own patterns."""
    numbers = [0]
    for player in players:
        numbers += [number + (1 << player) for number in numbers]
    return tuple(numbers)


def _values(mass: Floats, weights: Floats) -> Floats:
    """Return for each column of the weights and each F_x the sum over the disjoint F_b, shape (columns, 2^k)."""
    pairs = disjoint_pairs(len(mass).bit_length() - 1)
    return np.ascontiguousarray(np.add.reduceat(mass[pairs.b, None] * weights, pairs.starts, axis=0).T)


def _leaf(tree: Tree, path: Path, player_of_feature: Labels, union_of_player: Labels, where: str) -> Leaf:
    asked = [int(player_of_feature[tree.splits[split].feature]) for split, _ in path]
    # Ordered by union, so that many leaves share one pattern of unions and the weights made for it.
    players = sorted(set(asked), key=lambda player: (union_of_player[player], player))
    if len(players) > MAX_PLAYERS_ON_PATH:
        came = f"{len(players)} attributes on the path to one leaf"
        fix = f"Train with max_depth={MAX_PLAYERS_ON_PATH} or less"
        raise UsageError(message(where, came, f"at most {MAX_PLAYERS_ON_PATH}", fix))
    conditions = ((split, side, 1 << players.index(player)) for (split, side), player in zip(path, asked, strict=True))
    here = [int(union_of_player[player]) for player in players]
    return Leaf(tuple(conditions), tuple(players), tuple(sorted(set(here)).index(union) for union in here))


def _flat(leaves: tuple[tuple[Leaf, ...], ...]) -> list[Leaf]:
    return [leaf for leaves_of_tree in leaves for leaf in leaves_of_tree]
