// Tensor operations: every element of a result is computed of elements of operands, one after the other.
//
// Where the elements of an operand lie in what a tile reads of it: at `places`, or, where that has no elements, at the
// number of the element times `step` (0 or 1). `taps` are added to the place, one after the other. F holds the functions
// of an operation; the file of a network that names its vertices has them.
#ifndef AXONC_OPERATIONS_HPP
#define AXONC_OPERATIONS_HPP

#include <poplar/Vertex.hpp>

#include "scalars.h"
#include "workers.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

constexpr unsigned NOWHERE = ~0U; // the place of an element that an operand does not have

using Places = poplar::Input<poplar::Vector<unsigned>>;

inline unsigned placeOf(const Places &places, unsigned step, unsigned n) {
  return places.size() == 0 ? n * step : places[n];
}

// sent[n] = F(a, b, c), of as many as it takes.
template <class F, class A, class B, class C, class Y> class Elementwise : public poplar::MultiVertex {
public:
  poplar::Input<poplar::Vector<A>> a;
  poplar::Input<poplar::Vector<B>> b;
  poplar::Input<poplar::Vector<C>> c;
  poplar::Input<poplar::Vector<unsigned>> placesA;
  poplar::Input<poplar::Vector<unsigned>> placesB;
  poplar::Input<poplar::Vector<unsigned>> placesC;
  poplar::Output<poplar::Vector<Y>> sent;
  const unsigned stepA = 1;
  const unsigned stepB = 1;
  const unsigned stepC = 1;

  bool compute(unsigned worker) {
    each(worker, sent.size(), [&](unsigned n) {
      const A first = a[placeOf(placesA, stepA, n)];
      if constexpr (F::OPERANDS == 1) {
        sent[n] = static_cast<Y>(F::of(first));
      } else if constexpr (F::OPERANDS == 2) {
        sent[n] = static_cast<Y>(F::of(first, b[placeOf(placesB, stepB, n)]));
      } else {
        sent[n] = static_cast<Y>(F::of(first, b[placeOf(placesB, stepB, n)], c[placeOf(placesC, stepC, n)]));
      }
    });
    return true;
  }
};

// sent[n] = an element of a, else of b, else what lies beside them.
template <class F, class A, class B, class Y> class Joined : public poplar::MultiVertex {
public:
  poplar::Input<poplar::Vector<A>> a;
  poplar::Input<poplar::Vector<B>> b;
  poplar::Input<poplar::Vector<unsigned>> placesA;
  poplar::Input<poplar::Vector<unsigned>> placesB;
  poplar::Output<poplar::Vector<Y>> sent;
  const unsigned stepA = 1;
  const unsigned stepB = 1;

  bool compute(unsigned worker) {
    each(worker, sent.size(), [&](unsigned n) {
      const unsigned first = placeOf(placesA, stepA, n);
      const unsigned second = b.size() == 0 ? NOWHERE : placeOf(placesB, stepB, n);
      if (first != NOWHERE) {
        sent[n] = static_cast<Y>(F::first(a[first]));
      } else {
        sent[n] = static_cast<Y>(second != NOWHERE ? F::second(b[second]) : F::fill());
      }
    });
    return true;
  }
};

// sent[n] = what F makes of the elements of a, one after the other.
template <class F, class A, class Y> class Folded : public poplar::MultiVertex {
public:
  poplar::Input<poplar::Vector<A>> a;
  poplar::Input<poplar::Vector<unsigned>> placesA;
  poplar::Input<poplar::Vector<unsigned>> tapsA;
  poplar::Output<poplar::Vector<Y>> sent;
  const unsigned stepA = 1;

  bool compute(unsigned worker) {
    each(worker, sent.size(), [&](unsigned n) {
      const unsigned place = placeOf(placesA, stepA, n);
      auto total = F::start();
      for (unsigned k = 0; k < tapsA.size(); ++k) {
        total = F::step(total, a[place + tapsA[k]]);
      }
      sent[n] = static_cast<Y>(total);
    });
    return true;
  }
};

// sent[n] = c + the sum of the products of elements of a and b, one after the other.
template <class F, class A, class B, class C, class Y> class Products : public poplar::MultiVertex {
public:
  poplar::Input<poplar::Vector<A>> a;
  poplar::Input<poplar::Vector<B>> b;
  poplar::Input<poplar::Vector<C>> c;
  poplar::Input<poplar::Vector<unsigned>> placesA;
  poplar::Input<poplar::Vector<unsigned>> placesB;
  poplar::Input<poplar::Vector<unsigned>> placesC;
  poplar::Input<poplar::Vector<unsigned>> tapsA;
  poplar::Input<poplar::Vector<unsigned>> tapsB;
  poplar::Output<poplar::Vector<Y>> sent;
  const unsigned stepA = 1;
  const unsigned stepB = 1;
  const unsigned stepC = 1;

  bool compute(unsigned worker) {
    each(worker, sent.size(), [&](unsigned n) {
      const unsigned first = placeOf(placesA, stepA, n);
      const unsigned second = placeOf(placesB, stepB, n);
      auto total = c.size() == 0 ? F::start() : F::from(c[placeOf(placesC, stepC, n)]);
      for (unsigned k = 0; k < tapsA.size(); ++k) {
        total = F::step(total, a[first + tapsA[k]], b[second + tapsB[k]]);
      }
      sent[n] = static_cast<Y>(total);
    });
    return true;
  }
};

// sent[n] = which of the elements of a is the best one: its number among them, or what b says of it.
template <class F, class A, class B, class Y> class Best : public poplar::MultiVertex {
public:
  poplar::Input<poplar::Vector<A>> a;
  poplar::Input<poplar::Vector<B>> b;
  poplar::Input<poplar::Vector<unsigned>> placesA;
  poplar::Input<poplar::Vector<unsigned>> placesB;
  poplar::Input<poplar::Vector<unsigned>> tapsA;
  poplar::Output<poplar::Vector<Y>> sent;
  const unsigned stepA = 1;
  const unsigned stepB = 1;

  bool compute(unsigned worker) {
    each(worker, sent.size(), [&](unsigned n) {
      const unsigned place = placeOf(placesA, stepA, n);
      A best = a[place + tapsA[0]];
      unsigned found = 0;
      for (unsigned k = 1; k < tapsA.size(); ++k) {
        const A next = a[place + tapsA[k]];
        const bool better = F::better(next, best);
        found = better ? k : found;
        best = better ? next : static_cast<A>(F::kept(best, next));
      }
      sent[n] = b.size() == 0 ? static_cast<Y>(found) : static_cast<Y>(b[placeOf(placesB, stepB, n) + tapsA[found]]);
    });
    return true;
  }
};

// sent[n] = the element of a whose index b has, `stride` elements for each; from the end if negative. Indices that are
// not below `extent` are counted.
template <class F, class A, class B, class Y> class Gathered : public poplar::MultiVertex {
public:
  poplar::Input<poplar::Vector<A>> a;
  poplar::Input<poplar::Vector<B>> b;
  poplar::Input<poplar::Vector<unsigned>> placesA;
  poplar::Input<poplar::Vector<unsigned>> placesB;
  poplar::InOut<poplar::Vector<unsigned>> clipped;
  poplar::Output<poplar::Vector<Y>> sent;
  const unsigned stepA = 1;
  const unsigned stepB = 1;
  const unsigned extent = 1;
  const unsigned stride = 1;

  bool compute(unsigned worker) {
    each(worker, sent.size(), [&](unsigned n) {
      const long long given = static_cast<long long>(b[placeOf(placesB, stepB, n)]);
      const long long index = given < 0 ? given + static_cast<long long>(extent) : given;
      const bool inside = index >= 0 && index < static_cast<long long>(extent);
      clipped[worker] += inside ? 0U : 1U;
      const unsigned from = inside ? static_cast<unsigned>(index) * stride : 0U;
      sent[n] = static_cast<Y>(F::first(a[placeOf(placesA, stepA, n) + from]));
    });
    return true;
  }
};

} // namespace axonc

#endif
