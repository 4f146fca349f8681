"""How unlike the others of a record somebody is: a user-by-patient matrix with tf-idf weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from riskkit.statistics.tails import Numbers

Codes = NDArray[np.int64]
TINY = 1e-9


def tf_idf(user: Codes, patient: Codes, count: Codes, users: int, patients: int) -> sparse.csr_array:
    """Weights (1 + ln count) * ln(1 + users / users of the patient), users as rows."""
    matrix = sparse.coo_array((count.astype(float), (user, patient)), shape=(users, patients)).tocsr()
    matrix.sum_duplicates()
    seen_by = np.bincount(matrix.indices, minlength=patients)
    matrix.data = (1 + np.log(matrix.data)) * np.log1p(users / np.maximum(seen_by, 1))[matrix.indices]
    return matrix


def novelty(weights: sparse.csr_array, user: Codes, patient: Codes, fewest_others: int) -> Numbers:
    """1 - mean cosine of each user to the other users of the patient, the patient itself left out.

    Leaving it out, one shared record is no likeness. NaN where fewer than `fewest_others` others used
    the record, or the user saw nothing else.
    """
    columns = weights.tocsc()
    squares = np.asarray(weights.multiply(weights).sum(axis=1)).ravel()
    sizes = np.diff(columns.indptr)[patient]
    case = np.repeat(np.arange(len(user)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = columns.indptr[patient][case] + within
    other, shared = columns.indices[place], columns.data[place]
    same = other == user[case]
    mine = np.zeros(len(user))
    mine[case[same]] = shared[same]
    case, other, shared = case[~same], other[~same], shared[~same]
    own, theirs = squares[user][case] - mine[case] ** 2, squares[other] - shared**2
    both = (own > TINY) & (theirs > TINY)
    dots = _products(weights, user[case], other) - mine[case] * shared
    cosine = np.where(both, dots / np.sqrt(np.where(both, own * theirs, 1.0)), 0.0)
    others = np.bincount(case, minlength=len(user))
    likeness = np.bincount(case, np.clip(cosine, 0, 1), minlength=len(user)) / np.maximum(others, 1)
    told = (others >= fewest_others) & (mine > 0) & (squares[user] - mine**2 > TINY)
    found: Numbers = np.where(told, 1 - likeness, np.nan)
    return found


def _products(weights: sparse.csr_array, one: Codes, other: Codes) -> Numbers:
    """Inner products of pairs of rows, looked up in the product of all rows that share a column.

    Few users share a patient, so that product costs little and stays sparse.
    """
    users = weights.shape[0]
    every = (weights @ weights.T).tocsr()
    every.sort_indices()
    rows = np.repeat(np.arange(users, dtype=np.int64), np.diff(every.indptr))
    pairs = rows * users + every.indices
    place = np.searchsorted(pairs, one.astype(np.int64) * users + other)
    found: Numbers = every.data[place]
    return found
