"""What one would do without riskkit: the baselines of the literature, on the same user-days.

Each gives a score to every user-day of the last month; the most unusual of a day are its alerts. Fitted
on the days before, without labels. Names follow the papers: EBAS (Fabbri and LeFevre 2011), SNAD and CADS
(Chen, Nyemba, Zhang, Malin 2012).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import normalize

from benchmarks.made.userdays import COUNTS, RICH, TOLD, Days

WINDOW = pd.Timedelta(days=14)
NEIGHBOURS, TOPICS, COMMUNITIES = 10, 32, 24
OWN_FACTS = "z per peer, riskkit's facts"
"""No baseline but an ablation: the facts are riskkit's, only the statistics are not."""
Scores = npt.NDArray[np.float64]


def random(days: Days, seed: int) -> Scores:
    """Draws."""
    return np.random.default_rng(seed).random(len(days.table))


def forest_of_counts(days: Days, seed: int) -> Scores:
    """Isolation forest on what a log alone tells."""
    return _forest(days, COUNTS, seed)


def forest_of_features(days: Days, seed: int) -> Scores:
    """Isolation forest on everything, explanations included."""
    return _forest(days, RICH, seed)


def z_of_user(days: Days, seed: int) -> Scores:
    """Sum of positive z-scores of the counts against the user's own earlier days."""
    return _z(days, ["person"], COUNTS)


def z_of_peers(days: Days, seed: int) -> Scores:
    """Sum of positive z-scores of the counts against earlier days of the same role and shift."""
    return _z(days, ["role", "shift"], COUNTS)


def z_of_everything(days: Days, seed: int) -> Scores:
    """The same with explanations and relations: more than the literature's baselines know."""
    return _z(days, ["role", "shift"], RICH)


def z_of_all_facts(days: Days, seed: int) -> Scores:
    """The same with riskkit's own facts, ward and nobody's care: what its statistics add to them."""
    return _z(days, ["role", "shift"], TOLD)


def unexplained_count(days: Days, seed: int) -> Scores:
    """Distinct patients without an explanation (EBAS)."""
    found: Scores = days.table["unexplained"].to_numpy(float)
    return found


def strange_accesses(days: Days, seed: int) -> Scores:
    """The least similar of a user's accesses to the others of the same patient (SNAD-like)."""
    return _network(days, seed, _strange)


def far_neighbours(days: Days, seed: int) -> Scores:
    """Distance to the nearest users in the space of patients (CADS-like)."""
    return _network(days, seed, _far)


def outside_community(days: Days, seed: int) -> Scores:
    """Patients of the day that nobody else of the user's community opened lately."""
    return _network(days, seed, _outside)


BASELINES: Mapping[str, Callable[[Days, int], Scores]] = {
    "random": random,
    "isolation forest, counts": forest_of_counts,
    "isolation forest, rich": forest_of_features,
    "z per user": z_of_user,
    "z per peer": z_of_peers,
    "z per peer, rich": z_of_everything,
    OWN_FACTS: z_of_all_facts,
    "unexplained count (EBAS)": unexplained_count,
    "SNAD-like": strange_accesses,
    "CADS-like kNN": far_neighbours,
    "community": outside_community,
}


def _forest(days: Days, columns: list[str], seed: int) -> Scores:
    features = days.table[columns].to_numpy(float)
    earlier = (days.table["day"] < days.first).to_numpy()
    forest = IsolationForest(n_estimators=200, random_state=seed % 2**31, n_jobs=1)
    found: Scores = -forest.fit(features[earlier]).score_samples(features)
    return found


def _z(days: Days, by: list[str], columns: list[str]) -> Scores:
    table = days.table
    earlier = table[table["day"] < days.first]
    keys = table[by].fillna("").agg("|".join, axis=1)
    groups = earlier.groupby(keys[earlier.index])[columns]
    overall = earlier[columns]
    mean = groups.mean().reindex(keys).fillna(overall.mean()).to_numpy()
    spread = groups.std().reindex(keys).fillna(overall.std()).to_numpy()
    z = (table[columns].to_numpy() - mean) / (spread + overall.std().to_numpy() / 4 + 1e-9)
    found: Scores = np.clip(z, 0, None).sum(axis=1)
    return found


def _network(days: Days, seed: int, judge: Callable[..., Iterator[tuple[str, float]]]) -> Scores:
    """Scores of each day from who opened whose records in the two weeks up to it."""
    accesses, found = days.accesses, {}
    for day in sorted(days.table.loc[days.table["day"] >= days.first, "day"].unique()):
        lately = accesses[(accesses["day"] > day - WINDOW) & (accesses["day"] <= day)]
        people, person = np.unique(lately["person"], return_inverse=True)
        patients, patient = np.unique(lately["patient"], return_inverse=True)
        links = sparse.csr_matrix((np.ones(len(lately)), (person, patient)), (len(people), len(patients)))
        links.data[:] = 1
        rarity = np.log(len(people) / np.asarray(links.sum(axis=0)).ravel())
        weighted = normalize(links.multiply(rarity).tocsr())
        today = (lately["day"] == day).to_numpy()
        for name, score in judge(people, links, weighted, person[today], patient[today], seed):
            found[day, name] = score
    keys = zip(days.table["day"], days.table["person"], strict=True)
    return np.array([found.get(key, 0.0) for key in keys])


def _strange(
    people: npt.NDArray[np.str_], links: sparse.csr_matrix, weighted: sparse.csr_matrix,
    person: npt.NDArray[np.intp], patient: npt.NDArray[np.intp], seed: int,
) -> Iterator[tuple[str, float]]:  # fmt: skip
    alike = (weighted @ weighted.T).toarray()
    columns = links.tocsc()
    worst: dict[int, float] = {}
    for user, whom in zip(person, patient, strict=True):
        others = columns.indices[columns.indptr[whom] : columns.indptr[whom + 1]]
        others = others[others != user]
        strange = 1 - float(alike[user, others].mean()) if len(others) else 1.0
        worst[user] = worst.get(user, 0.0) + strange
    yield from ((people[user], score) for user, score in worst.items())


def _far(
    people: npt.NDArray[np.str_], links: sparse.csr_matrix, weighted: sparse.csr_matrix,
    person: npt.NDArray[np.intp], patient: npt.NDArray[np.intp], seed: int,
) -> Iterator[tuple[str, float]]:  # fmt: skip
    space = normalize(_space(weighted, seed))
    distance = np.sort(1 - space @ space.T, axis=1)[:, 1 : NEIGHBOURS + 1].mean(axis=1)
    yield from ((people[user], float(distance[user])) for user in np.unique(person))


def _outside(
    people: npt.NDArray[np.str_], links: sparse.csr_matrix, weighted: sparse.csr_matrix,
    person: npt.NDArray[np.intp], patient: npt.NDArray[np.intp], seed: int,
) -> Iterator[tuple[str, float]]:  # fmt: skip
    space = _space(weighted, seed)
    clusters = KMeans(min(COMMUNITIES, len(people)), n_init=1, random_state=seed % 2**31)
    community = clusters.fit_predict(normalize(space))
    size = clusters.n_clusters
    member = sparse.csr_matrix(
        (np.ones(len(people)), (community, np.arange(len(people)))), (size, len(people))
    )
    shared = (member @ links).toarray()
    alone = shared[community[person], patient] <= 1
    for user in np.unique(person):
        yield people[user], float(alone[person == user].sum())


def _space(weighted: sparse.csr_matrix, seed: int) -> npt.NDArray[np.float64]:
    topics = min(TOPICS, min(weighted.shape) - 1)
    found: npt.NDArray[np.float64] = TruncatedSVD(topics, random_state=seed % 2**31).fit_transform(weighted)
    return found
