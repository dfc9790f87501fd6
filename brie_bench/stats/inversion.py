"""Tail probabilities by numerical inversion of a transform, without random numbers.

For Q with cumulant generating function κ and any s₀ < 0 at which κ is finite, P(Q ≤ 0) is the integral of
−exp(κ(s))/(2πi·s) along a line through s₀: Gil-Pelaez' integral (1951), moved from the origin to the saddle point
(Daniels 1954). There the integrand does not oscillate at first; bent along the path of steepest descent, it hardly
does so later. With s = s₀ + w(i·sinh u + b(cosh u − 1)) the trapezoidal rule converges geometrically (Rice 1973), and
a few dozen nodes give ten digits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .inputs import Floats

Complex = NDArray[np.complex128]

_STEP = 0.15
_DROP = 34.0  # exp(−34) is below the rounding error of a sum of order one
_PROBES = np.array([0.0, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 16.0, 24.0, 40.0])
_MOST = 0.6  # bent by 1 the path would not descend a Gaussian at all


def contour(
    cgf: Callable[[Complex], Complex], shift: float, curvature: float, skew: float
) -> tuple[Complex, Complex, float]:
    """Nodes s, the factors exp(κ(s) − κ(shift))·ds/π at them, and κ(shift).

    `curvature` is the second derivative of κ at shift and `skew` the third; `cgf` takes and returns complex arrays of
    any length. For real functions f, the sum of Im(f(s)·factor) is (1/2πi)·∫ f(s)·exp(κ(s)) ds, divided by
    exp(κ(shift)).
    """
    width = curvature**-0.5

    def path(u: Floats, bend: float) -> Complex:
        nodes: Complex = shift + width * (1j * np.sinh(u) + bend * (np.cosh(u) - 1.0))
        return nodes

    def reach(bend: float) -> tuple[float, float]:
        """Where the integrand has fallen far enough, or infinity if it grows on its way there; and κ(shift)."""
        along = cgf(path(_PROBES, bend)).real
        fall = along[0] - along
        enough = int(np.argmax(fall > _DROP))
        falls = fall[enough] > _DROP and np.diff(fall[: enough + 1]).min() > -0.1
        return float(_PROBES[enough]) if falls else np.inf, float(along[0])

    # the curvature of the path of steepest descent; far from a saddle the other side may be the descending one
    bend = min(_MOST, max(-_MOST, skew * width**3 / 3))
    end, start = reach(bend)
    if np.isinf(end):
        end, bend = min((reach(other)[0], other) for other in (0.0, -_MOST, _MOST, -_MOST / 2, _MOST / 2))
    u = np.arange(0.0, min(end, _PROBES[-1]) + _STEP, _STEP)
    nodes = path(u, bend)
    steps = (_STEP * width / np.pi) * (1j * np.cosh(u) + bend * np.sinh(u))
    steps[0] /= 2
    return nodes, np.exp(cgf(nodes) - start) * steps, start


def grouped(values: Floats, counts: Floats, bins: int = 128) -> tuple[Floats, Floats]:
    """At most two values a bin in place of many sorted ones: Gauss' quadrature, which keeps each bin's three moments.

    A cumulant generating function is a sum of a smooth function over the values, so many digits of it are kept.
    """
    if values.size <= 2 * bins:
        return values, counts
    width = (values[-1] - values[0]) / bins
    starts = np.flatnonzero(np.diff(np.floor((values - values[0]) / width), prepend=-1.0))
    masses = np.add.reduceat(counts, starts)
    means = np.add.reduceat(values * counts, starts) / masses
    centred = values - np.repeat(means, np.diff(starts, append=values.size))
    spread = np.sqrt(np.add.reduceat(counts * centred**2, starts) / masses)
    wide = spread > 1e-9 * width
    thirds = np.add.reduceat(counts * centred**3, starts)[wide] / masses[wide]
    lean = thirds / (2 * spread[wide] ** 3)
    root = np.sqrt(1 + lean**2)
    upper, lower = (means[wide] + spread[wide] * (lean + sign * root) for sign in (1.0, -1.0))
    share = masses[wide] * (1 - lean / root) / 2
    points = np.concatenate((means[~wide], lower, upper))
    return points, np.concatenate((masses[~wide], masses[wide] - share, share))


def flip_tail(sizes: Floats, counts: Floats, total: float, span: float) -> float:
    """P(Q ≤ −total) for Q the sum of counts[i] fair signs ±sizes[i]; sizes > 0, total > 0.

    `span` is the step of the grid on which Q lies, or 0 for none. Q is sub-Gaussian (Hoeffding 1963), so a trapezoidal
    rule in t itself, on a line no nearer to the pole than one over the standard deviation, has a relative aliasing
    error below exp(−30) (Davies 1973). It stops where a whole block of nodes no longer counts. Tails below 1e-30 are
    replaced by Chernoff's bound, which is not smaller.
    """

    def cgf(s: Complex) -> Complex:  # log E exp(s(Q + total)), for Re s < 0 without overflow
        x = s[:, None] * sizes
        total_cgf: Complex = (np.log1p(np.exp(2 * x)) - x - np.log(2.0)) @ counts + s * total
        return total_cgf

    deviation = float(np.sqrt(counts @ sizes**2))
    shift = min(_flip_saddle(sizes, counts, total), -1.0 / deviation)
    top = float(cgf(np.array([shift], dtype=np.complex128))[0].real)
    if top < -69.0:
        return float(np.exp(top))
    step, last = 2 * np.pi * -shift / (36 - top), np.inf
    if span:  # one period of the transform, in whole steps
        last = np.pi / span
        step = last / np.ceil(last / step)
    tail = 0.0
    for start in range(0, 8192, 64):
        t = step * np.arange(start, start + 64)
        s: Complex = (shift + 1j * t[t < last * (1 + 1e-9)]).astype(np.complex128)
        terms = np.exp(cgf(s) - top)
        weights = np.where((s.imag == 0) | (s.imag > last * (1 - 1e-9)), 0.5, 1.0)
        kernel = span / (1.0 - np.exp(s * span)) if span else -1.0 / s
        tail += float((weights * terms * kernel).real.sum())
        if t[-1] >= last or np.abs(terms).max() < 1e-15:
            break
    return float(np.exp(top)) * tail * step / np.pi


def _flip_saddle(sizes: Floats, counts: Floats, total: float) -> float:
    """The s < 0 at which Σ counts·sizes·tanh(s·sizes) = −total, roughly: safeguarded Newton."""
    low, high = -40.0 / float(sizes.min()), 0.0
    s = -total / float(counts @ sizes**2)
    for _ in range(60):
        tanh = np.tanh(s * sizes)
        excess = float((counts * sizes) @ tanh) + total
        low, high = (low, s) if excess > 0 else (s, high)
        slope = float((counts * sizes**2) @ (1 - tanh**2))
        following = s - excess / slope if slope > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - s) < 1e-3 * abs(s):
            return following
        s = following
    return s
