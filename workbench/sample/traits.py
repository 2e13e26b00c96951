"""Who the customers are: latent traits that nobody sees, and what the bank knows of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from workbench.sample.plan import CHUNK, BankPlan

TRAITS = ("need", "thrift", "stability", "digital", "social", "patience", "pride", "rhythm", "impulse", "age")
# How the traits hang together; the rest is independent. Rows and columns in the order of TRAITS.
_LINKS = (("need", "thrift", -0.35), ("thrift", "stability", 0.35), ("stability", "impulse", -0.3), ("digital", "age", -0.55),
          ("stability", "age", 0.25), ("social", "digital", 0.3), ("thrift", "impulse", -0.3), ("need", "stability", -0.25))  # fmt: skip
TEST_BRANCH = "T999"

CITIES = (
    ("广东", "广州", 0.11), ("广东", "深圳", 0.10), ("江苏", "南京", 0.07), ("江苏", "苏州", 0.08), ("浙江", "杭州", 0.09), ("上海", "上海", 0.10),
    ("北京", "北京", 0.09), ("四川", "成都", 0.08), ("湖北", "武汉", 0.07), ("河南", "郑州", 0.06), ("陕西", "西安", 0.05), ("山东", "青岛", 0.05),
    ("湖南", "长沙", 0.03), ("辽宁", "沈阳", 0.02),
)  # fmt: skip
PRODUCT_LINES = ("consumer_loan", "credit_card", "deposit", "wealth")
ACQUIRED_BY = ("branch", "app_store", "partner", "referral", "campaign")
DEVICES = ("android", "ios", "harmony", "web")
ACTIVATED_WITHIN = (
    0.55  # share of the new who wake up in their first month, and of the rest in each later one
)


@dataclass(frozen=True)
class People:
    """One chunk of customers: `x` their traits, then what the bank can know. All arrays have one entry per customer."""

    first: int  # the number of the chunk's first customer
    x: dict[str, np.ndarray]
    person: np.ndarray  # the number of the person behind the record; two records of one person share it
    ids: pa.Array
    joined: np.ndarray  # datetime64[D]
    birth_year: np.ndarray
    gender: np.ndarray
    city: np.ndarray
    branch: np.ndarray
    product_line: np.ndarray
    acquired_by: np.ndarray
    income: np.ndarray  # a month's, in yuan
    device: np.ndarray
    habit: np.ndarray  # (customers, channels): how they like to be reached, rows sum to 1
    weekend: np.ndarray  # share of activity on Saturdays and Sundays
    peak: np.ndarray  # the personal hour of the day
    test: np.ndarray

    def __len__(self) -> int:
        return len(self.person)

    @property
    def numbers(self) -> np.ndarray:
        """Customer numbers from 1 on; ids are these with leading zeros."""
        return self.first + 1 + np.arange(len(self))


def customer_ids(numbers: np.ndarray) -> pa.Array:
    """Customer numbers as text with leading zeros: 123 is 0000123."""
    return pa.array(np.char.zfill(np.asarray(numbers, dtype="int64").astype("U7"), 7))


def make_people(plan: BankPlan, chunk: int, *, second_ids: float, tests: float) -> People:
    """The customers of a chunk, always all of it: a bank of fewer customers leaves the last ones out."""
    rng = plan.random("people", chunk)
    n = CHUNK
    x = _traits(rng, n)
    person = chunk * CHUNK + 1 + np.arange(n)
    twins = np.flatnonzero(rng.random(n) < second_ids)
    twins = twins[twins > 0]
    original = twins - 1 - (rng.random(len(twins)) * np.minimum(twins, 300)).astype("int64")
    person[twins] = person[original]
    for trait in TRAITS:
        x[trait][twins] = x[trait][original]
    city = rng.choice(len(CITIES), n, p=_shares(c[2] for c in CITIES))
    birth_year = 2025 - (19 + np.floor(48 * x["age"] ** 1.3)).astype("int32")
    gender = rng.choice(3, n, p=[0.52, 0.46, 0.02])
    days = plan.months * 30
    old = rng.random(n) < 0.55  # joined before the period began
    back = np.where(old, rng.exponential(900, n) + 1, -rng.random(n) * (days - 45)).astype("int64")
    joined = plan.start - np.minimum(back, 5000).astype("timedelta64[D]")
    joined[twins] = np.maximum(joined[twins], joined[original])
    for copied in (city, birth_year, gender):
        copied[twins] = copied[original]
    income = np.round(np.exp(8.35 + 0.9 * x["stability"] * x["age"] + 0.45 * rng.standard_normal(n)), -1)
    liking = np.stack([x["digital"] * 1.6, 0.5 + x["social"], 0.9 - 0.5 * x["digital"], 0.25 + 0.4 * x["thrift"], 1.1 * x["age"]], axis=1)  # fmt: skip
    liking = liking * rng.gamma(2.0, 0.5, liking.shape)
    test = rng.random(n) < tests
    branch = np.array([f"B{b:03d}" for b in range(1, 61)])[(city * 4 + rng.integers(0, 4, n)) % 60]
    branch = np.where(test, TEST_BRANCH, branch)
    line = rng.random(n) + 0.6 * x["need"] - 0.4 * x["thrift"]
    product_line = np.digitize(-line, np.quantile(-line, [0.35, 0.65, 0.88]))
    return People(
        first=chunk * CHUNK,
        x=x,
        person=person,
        ids=customer_ids(chunk * CHUNK + 1 + np.arange(n)),
        joined=joined,
        birth_year=birth_year,
        gender=gender,
        city=city,
        branch=branch,
        product_line=product_line,
        acquired_by=np.digitize(rng.random(n) + 0.3 * x["digital"], [0.3, 0.6, 0.85, 1.05]),
        income=income,
        device=np.digitize(rng.random(n) + 0.15 * (1 - x["thrift"]), [0.5, 0.82, 1.0]),
        habit=liking / liking.sum(axis=1, keepdims=True),
        weekend=0.12 + 0.5 * x["rhythm"] ** 2,
        peak=np.where(x["rhythm"] > 0.5, 20.5, 12.3) + rng.normal(0, 1.2, n),
        test=test,
    )


def _traits(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Uniform between 0 and 1, tied together by a Gaussian copula."""
    links = np.eye(len(TRAITS))
    for a, b, strength in _LINKS:
        i, j = TRAITS.index(a), TRAITS.index(b)
        links[i, j] = links[j, i] = strength
    normal = rng.standard_normal((n, len(TRAITS))) @ np.linalg.cholesky(links).T
    return {name: ndtr(normal[:, k]) for k, name in enumerate(TRAITS)}


def _shares(weights: Iterable[float]) -> np.ndarray:
    shares = np.array(list(weights))
    return shares / shares.sum()
