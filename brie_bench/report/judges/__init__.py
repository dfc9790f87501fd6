"""What the records say of the judges: with each other, with themselves, with the order, with length, with their own lab."""

from brie_bench.report.judges.again import retests
from brie_bench.report.judges.agreement import agreements
from brie_bench.report.judges.bench import Bench, benches
from brie_bench.report.judges.length import lengths
from brie_bench.report.judges.position import positions
from brie_bench.report.judges.preference import self_preferences

__all__ = ["Bench", "agreements", "benches", "lengths", "positions", "retests", "self_preferences"]
