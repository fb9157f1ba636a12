// Loops that fill arrays: over a ziggurat, over any distribution, over integers in ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "random/binomial.h"
#include "random/continuous.h"
#include "random/discrete.h"
#include "random/elementary.h"
#include "random/hypergeometric.h"
#include "random/integers.h"
#include "random/kernels.h"
#include "random/multinomial.h"
#include "random/poisson.h"
#include "random/sources.h"

namespace heddle::random {

// ---- Loops over a ziggurat ----------------------------------------------------------------------

// Takes draws while they are under the density at once, and settles those that are not one by one.
template <template <typename> class DrawOf, typename P, typename Source, typename Settle,
          typename Put>
void fill_ziggurat(Source& source, size_t count, Settle&& settle, Put&& put) {
  size_t done = 0;
  while (done < count) {
    size_t ready = 0;
    const typename P::Bits* bits = source.peek(&ready);
    const size_t limit = ready < count - done ? ready : count - done;
    size_t i = 0;
    for (; i < limit; ++i) {
      const DrawOf<P> draw(bits[i]);
      if (!draw.taken) break;
      put(done + i, draw.value);
    }
    done += i;
    if (i == limit) {
      source.take(i);
      continue;
    }
    const DrawOf<P> draw(bits[i]);
    source.take(i + 1);
    typename P::Real value;
    if (settle(source, draw, &value)) put(done++, value);
  }
}

template <typename P, typename Source, typename Put>
void fill_normal(Source& source, size_t count, Put&& put) {
  fill_ziggurat<NormalDraw, P>(
      source, count,
      [](auto& from, const auto& draw, auto* value) { return settle_normal<P>(from, draw, value); },
      std::forward<Put>(put));
}

template <typename P, typename Source, typename Put>
void fill_exponential(Source& source, size_t count, Put&& put) {
  fill_ziggurat<ExponentialDraw, P>(
      source, count,
      [](auto& from, const auto& draw, auto* value) {
        return settle_exponential<P>(from, draw, value);
      },
      std::forward<Put>(put));
}

// ---- Any distribution ---------------------------------------------------------------------------

constexpr bool is_discrete(DistributionId id) {
  switch (id) {
    case DistributionId::kPoisson:
    case DistributionId::kBinomial:
    case DistributionId::kGeometric:
    case DistributionId::kHypergeometric:
    case DistributionId::kLogseries:
    case DistributionId::kNegativeBinomial:
    case DistributionId::kZipf:
      return true;
    default:
      return false;
  }
}

// Hands `use` a function that draws a number from a source; what the parameters decide is worked
// out once. Hypergeometric numbers need a source of 32 and of 64 bits.
template <typename Source, typename Use>
void with_counts(const Distribution& of, Use&& use) {
  const double a = of.a;
  const double b = of.b;
  const auto whole = [](double x) { return static_cast<int64_t>(x); };
  switch (of.id) {
    case DistributionId::kPoisson:
      return use(Poisson(a));
    case DistributionId::kBinomial:
      return use(Binomial(whole(a), b));
    case DistributionId::kGeometric:
      return use(Geometric(a));
    case DistributionId::kLogseries:
      return use(Logseries(a));
    case DistributionId::kNegativeBinomial:
      return use(NegativeBinomial(a, b));
    case DistributionId::kZipf:
      return use(Zipf(a));
    case DistributionId::kHypergeometric:
      if constexpr (Source::kMixes) {
        return use(Hypergeometric(whole(a), whole(b), whole(of.c)));
      }
      [[fallthrough]];
    default:
      throw std::logic_error("this distribution has no integers");
  }
}

template <typename Use>
void with_numbers(const Distribution& of, Use&& use) {
  const double a = of.a;
  const double b = of.b;
  const double c = of.c;
  switch (of.id) {
    case DistributionId::kRandom:
      return use([](auto& from) { return from.next_double(); });
    case DistributionId::kUniform:
      return use([=](auto& from) { return a + b * from.next_double(); });
    case DistributionId::kStandardNormal:
      return use([](auto& from) { return standard_normal<Double>(from); });
    case DistributionId::kNormal:
      return use([=](auto& from) { return a + b * standard_normal<Double>(from); });
    case DistributionId::kStandardExponential:
      return use([](auto& from) { return standard_exponential<Double>(from); });
    case DistributionId::kExponential:
      return use([=](auto& from) { return a * standard_exponential<Double>(from); });
    case DistributionId::kInverseExponential:
      return use([](auto& from) { return inverse_exponential<Double>(from); });
    case DistributionId::kStandardGamma:
      return use(Gamma<Double>(a));
    case DistributionId::kGamma:
      return use([=, gamma = Gamma<Double>(a)](auto& from) { return b * gamma(from); });
    case DistributionId::kBeta:
      return use(Beta(a, b));
    case DistributionId::kChisquare:
      return use([gamma = Gamma<Double>(a / 2.0)](auto& from) { return 2.0 * gamma(from); });
    case DistributionId::kLognormal:
      return use(
          [=](auto& from) { return elementary::exp(a + b * standard_normal<Double>(from)); });
    case DistributionId::kLaplace:
      return use([=](auto& from) { return laplace(from, a, b); });
    case DistributionId::kStudent:
      return use(Student(a));
    case DistributionId::kLogistic:
      return use([=](auto& from) { return logistic(from, a, b); });
    case DistributionId::kGumbel:
      return use([=](auto& from) { return gumbel(from, a, b); });
    case DistributionId::kRayleigh:
      return use([=](auto& from) { return rayleigh(standard_exponential<Double>(from), a); });
    case DistributionId::kFisher:
      return use(Fisher(a, b));
    case DistributionId::kNoncentralChisquare:
      return use([=](auto& from) { return noncentral_chisquare(from, a, b); });
    case DistributionId::kNoncentralFisher:
      return use([=](auto& from) { return noncentral_fisher(from, a, b, c); });
    case DistributionId::kPareto:
      return use([=](auto& from) { return pareto(standard_exponential<Double>(from), a); });
    case DistributionId::kPower:
      return use([=](auto& from) { return power(standard_exponential<Double>(from), a); });
    case DistributionId::kWeibull:
      return use([=](auto& from) { return weibull(from, a); });
    case DistributionId::kStandardCauchy:
      return use([](auto& from) { return standard_cauchy(from); });
    case DistributionId::kTriangular: {
      const Triangle triangle(a, b, c);
      return use([&](auto& from) { return triangle(from.next_double()); });
    }
    case DistributionId::kVonMises:
      return use(VonMises(a, b));
    case DistributionId::kWald:
      return use([=](auto& from) { return wald(from, a, b); });
    default:
      throw std::logic_error("there is no such distribution");
  }
}

// Both, for results that hold either.
template <typename Source, typename Use>
void with_any(const Distribution& of, Use&& use) {
  if (is_discrete(of.id)) {
    with_counts<Source>(of, std::forward<Use>(use));
  } else {
    with_numbers(of, std::forward<Use>(use));
  }
}

// Hands `use` the source that a fill with this distribution reads.
template <typename G, typename Use>
void with_source(State& state, DistributionId id, size_t count, Use&& use) {
  if (id == DistributionId::kHypergeometric) {
    MixedSource<G> source(state);
    use(source);
  } else {
    WordSource<G> source(state, 2 * count);
    use(source);
  }
}

template <typename G, typename Out>
void fill_each(State& state, const Distribution& of, Out* out, size_t count) {
  with_source<G>(state, of.id, count, [&](auto& source) {
    using Source = std::decay_t<decltype(source)>;
    const auto all = [&](auto&& one) {
      for (size_t i = 0; i < count; ++i) out[i] = static_cast<Out>(one(source));
    };
    if constexpr (std::is_integral_v<Out>) {
      with_counts<Source>(of, all);
    } else {
      with_any<Source>(of, all);
    }
  });
}

template <typename G, typename Out>
void fill_varying(State& state, const Varying& of, Out* out, size_t count) {
  with_source<G>(state, of.id, count, [&](auto& source) {
    using Source = std::decay_t<decltype(source)>;
    for (size_t i = 0; i < count; ++i) {
      const auto put = [&](auto&& one) { out[i] = static_cast<Out>(one(source)); };
      if constexpr (std::is_integral_v<Out>) {
        with_counts<Source>(of.at(i), put);
      } else {
        with_any<Source>(of.at(i), put);
      }
    }
  });
}

template <typename G, typename Out>
void fill_rows(State& state, const Rows& of, Out* out) {
  MixedSource<G> source(state);
  const Urn urn{of.colors, of.kinds, of.total, of.sample};
  switch (of.method) {
    case Rows::Method::kMultinomial:
      if (of.chances_step == 0) {
        Multinomial draw(of.chances, of.kinds, of.rows);
        for (size_t row = 0; row < of.rows; ++row) {
          draw(source, of.trials[row], out + row * of.kinds);
        }
        return;
      }
      for (size_t row = 0; row < of.rows; ++row) {
        multinomial(source, of.trials[row], of.chances + row * of.chances_step, of.kinds,
                    out + row * of.kinds);
      }
      return;
    case Rows::Method::kMarginals:
      return urn_marginals(source, urn, of.rows, out);
    case Rows::Method::kCount:
      return urn_count(source, urn, of.rows, out);
  }
}

}  // namespace heddle::random
