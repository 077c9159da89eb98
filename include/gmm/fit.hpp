/* Fits of samples, of a source, of batches, and of several mixtures side by side. */
#ifndef GMM_FIT_HPP
#define GMM_FIT_HPP

#include "mixture.hpp"

#include <algorithm>
#include <new>

namespace gmm {

/** The result of a fit. */
struct fitted {
    mixture model;
    bool converged;
    /** GMM_STOP_*. */
    gmm_stop stop;
    std::size_t n_iter, restart, n_swaps;
    double lower_bound;
    /** The bounds of the iterations, of the first 100 000 at most. */
    std::vector<double> lower_bounds;
    /** For each component. These and `held_by_ridge` are empty where they would take more than 4 GB. */
    std::vector<double> effective_counts, conditions, ridges;
    /** k d: 1 for a feature whose variance is hardly more than the ridge. */
    std::vector<std::uint8_t> held_by_ridge;
    /** Repairs, the first 1000 at most. */
    std::vector<gmm_repair> repairs;
};

namespace detail {

/**
 * Memory for one field of a report. It is empty for sizes that no fit can have: the C library is called with them
 * afterwards and reports what is wrong.
 */
template <class Value>
class report_memory {
public:
    explicit report_memory(std::size_t size)
    {
        if (size > 0 && size <= (std::size_t{1} << 31) / sizeof(Value) * 2) {
            size_ = size;
            values_.reset(new (std::nothrow) Value[size_]);
        }
    }

    Value *data() noexcept { return values_.get(); }
    std::size_t capacity() const noexcept { return values_ ? size_ : 0; }

    /** The first `count` values. */
    std::vector<Value> take(std::size_t count) const
    {
        count = (std::min)(count, capacity());
        return count ? std::vector<Value>(values_.get(), values_.get() + count) : std::vector<Value>();
    }

private:
    std::size_t size_ = 0;
    std::unique_ptr<Value[]> values_;
};

/**
 * Calls `run(out, report)` with memory for a report on `k` components. An exception kept by `guard` is rethrown
 * first.
 */
template <class Run>
fitted reported(std::size_t max_iter, std::size_t k, std::size_t d, const guarded &guard, Run &&run)
{
    report_memory<double> bounds((std::min<std::size_t>)(max_iter, 100000)), counts(k), conditions(k), ridges(k);
    report_memory<std::uint8_t> held(product({k, d}));
    report_memory<gmm_repair> repairs(1000);
    gmm_fit_report report = {};
    report.size = sizeof report;
    report.lower_bounds = bounds.data(), report.lower_bounds_capacity = bounds.capacity();
    report.effective_counts = counts.data(), report.conditions = conditions.data(), report.ridges = ridges.data();
    report.held_by_ridge = held.data();
    report.repairs = repairs.data(), report.repairs_capacity = repairs.capacity();
    gmm_status status = GMM_OK;
    mixture model;
    {
        gmm_mixture *raw = nullptr;
        status = run(&raw, &report);
        if (raw) {
            model = mixture::made([&](gmm_mixture **out) {
                *out = raw;
                return GMM_OK;
            });
        }
    }
    guard.rethrow();
    throw_unless_ok(status);
    return fitted{std::move(model),
                  report.converged != 0,
                  report.stop,
                  report.n_iter,
                  report.restart,
                  report.n_swaps,
                  report.lower_bound,
                  bounds.take(report.n_iter),
                  counts.take(k),
                  conditions.take(k),
                  ridges.take(k),
                  held.take(product({k, d})),
                  repairs.take(report.n_repairs)};
}

template <class Samples>
fitted fit(const Samples &samples, fit_call &call, threads_ref on)
{
    const auto z = view(samples);
    // More components than samples will be refused, so no memory is allocated for them.
    const std::size_t k = call.n_components() <= z.rows() ? call.n_components() : 0;
    return reported(call.c()->max_iter, k, z.cols(), call.guard, [&](auto out, auto report) {
        return real<element<Samples>>::fit(z.c(), call.c(), on.c(), out, report);
    });
}

/** Whether the argument after the options is a progress function, and not threads. */
template <class Argument>
using if_progress = std::enable_if_t<!std::is_convertible_v<Argument, threads_ref>>;

/** A source behind C callbacks. */
template <class Value, class Source>
struct reader {
    Source &source;
    guarded &guard;

    typename real<Value>::source c(std::size_t n_features)
    {
        typename real<Value>::source out = {};
        out.size = sizeof out;
        out.n_features = n_features;
        out.userdata = this;
        out.rewind = [](void *userdata) -> std::int32_t {
            auto &own = *static_cast<reader *>(userdata);
            return own.guard(std::int32_t{1}, [&]() -> std::int32_t {
                own.source.rewind();
                return 0;
            });
        };
        out.read = [](void *userdata, std::size_t max_rows, Value *rows, double *) -> std::ptrdiff_t {
            auto &own = *static_cast<reader *>(userdata);
            return own.guard(std::ptrdiff_t{-1}, [&]() -> std::ptrdiff_t {
                return static_cast<std::ptrdiff_t>(own.source.read(max_rows, rows));
            });
        };
        return out;
    }
};

template <class Value, class Source>
fitted fit_stream(Source &source, fit_call &call, std::size_t n_features, threads_ref on)
{
    reader<Value, Source> self{source, call.guard};
    const auto c = self.c(n_features);
    return reported(call.c()->max_iter, call.n_components(), n_features, call.guard, [&](auto out, auto report) {
        return real<Value>::fit_stream(&c, call.c(), on.c(), out, report);
    });
}

}  // namespace detail

/** Fits a mixture to samples. `options` may also be a number of components. */
template <class Samples>
fitted fit(const Samples &samples, const fit_options &options, threads_ref on = {})
{
    const auto z = detail::view(samples);
    detail::fit_call call(options, z.rows(), z.cols());
    return detail::fit(z, call, on);
}

/**
 * Fits a mixture to samples. `progress(const gmm_progress &)` is called after every iteration; it returns whether
 * to go on, or nothing. An exception from it ends the fit and is rethrown.
 */
template <class Samples, class Progress, class = detail::if_progress<Progress>>
fitted fit(const Samples &samples, const fit_options &options, Progress &&progress, threads_ref on = {})
{
    detail::require_progress<std::remove_reference_t<Progress>>();
    const auto z = detail::view(samples);
    detail::fit_call call(options, z.rows(), z.cols());
    detail::watched<std::remove_reference_t<Progress>> watch{progress, call.guard};
    call.watch(watch);
    return detail::fit(z, call, on);
}

/**
 * Fits a mixture to a source that is read once for the start and once in each iteration. `source` has
 *
 *     std::size_t n_features() const;
 *     void rewind();                                            goes back to the beginning
 *     std::size_t read(std::size_t max_rows, Value *rows);      returns the number of rows; 0 at the end
 *
 * and may throw.
 */
template <class Value, class Source>
fitted fit_stream(Source &source, const fit_options &options, threads_ref on = {})
{
    const std::size_t d = static_cast<std::size_t>(source.n_features());
    detail::fit_call call(options, detail::fit_call::streamed, d);
    return detail::fit_stream<Value>(source, call, d, on);
}

/** Fits a mixture to a source, with a progress function as for `fit`. */
template <class Value, class Source, class Progress, class = detail::if_progress<Progress>>
fitted fit_stream(Source &source, const fit_options &options, Progress &&progress, threads_ref on = {})
{
    detail::require_progress<std::remove_reference_t<Progress>>();
    const std::size_t d = static_cast<std::size_t>(source.n_features());
    detail::fit_call call(options, detail::fit_call::streamed, d);
    detail::watched<std::remove_reference_t<Progress>> watch{progress, call.guard};
    call.watch(watch);
    return detail::fit_stream<Value>(source, call, d, on);
}

/** Estimates a mixture from labels (n), each below `options.n_components`, for use as a start. */
template <class Samples>
mixture from_labels(const Samples &samples, const values<std::uint32_t> &labels, const fit_options &options,
                    threads_ref on = {})
{
    const auto z = detail::view(samples);
    const std::uint32_t *const each = labels.expect("labels", {z.rows()}, "one for each sample");
    detail::fit_call call(options, z.rows(), z.cols());
    return mixture::made([&](auto out) {
        return detail::real<detail::element<Samples>>::from_labels(z.c(), each, call.c(), on.c(), out);
    });
}

/** Estimates a mixture from responsibilities (n k), for use as a start. */
template <class Samples, class Shares>
mixture from_responsibilities(const Samples &samples, const Shares &responsibilities, const fit_options &options,
                              threads_ref on = {})
{
    detail::require_one_type<Samples, Shares>();
    const auto z = detail::view(samples), shares = detail::view(responsibilities);
    detail::expect_rows(z, shares);
    detail::fit_call call(options, z.rows(), z.cols());
    return mixture::made([&](auto out) {
        return detail::real<detail::element<Samples>>::from_responsibilities(z.c(), shares.c(), call.c(), on.c(),
                                                                             out);
    });
}

/** A mixture that learns from batches without keeping them. One thread may use one at a time. */
class stepwise {
public:
    /** An empty object; any use of it is refused. */
    stepwise() = default;

    explicit stepwise(const mixture &start, const stepwise_options &options = stepwise_options())
        : handle_(detail::made<handle>([&](auto out) {
              gmm_prior memory = {};
              const gmm_stepwise_options c = options.c(start.n_features(), start.covariance_type(), memory);
              return gmm_stepwise_create(start.c(), &c, out);
          }))
    {
    }

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    /** Learns from a batch; returns its mean log-likelihood under the mixture before the update. */
    template <class Samples>
    double update(const Samples &batch, const values<double> &sample_weights = {}, threads_ref on = {})
    {
        double mean = 0;
        const auto z = detail::view(batch);
        detail::throw_unless_ok(detail::real<detail::element<Samples>>::update(
            c(), z.c(), detail::expect_weights(sample_weights, z.rows()), on.c(), &mean));
        return mean;
    }

    gmm::mixture model() const
    {
        return gmm::mixture::made([&](auto out) { return gmm_stepwise_mixture(c(), out); });
    }

    std::uint64_t n_updates() const { return gmm_stepwise_n_updates(c()); }

private:
    using handle = detail::unique<gmm_stepwise, gmm_stepwise_free>;
    gmm_stepwise *c() const { return handle_.get("learner"); }
    handle handle_;
};

/** Fits of several numbers of components and structures, compared by a criterion. Immutable. Copies share them. */
class sweep {
public:
    /** An empty object; any use of it is refused. */
    sweep() = default;

    /**
     * Fits every number of components with every structure (GMM_COVARIANCE_*); `options` gives the rest. An
     * exception from its log ends the sweep and is rethrown; with a cancel token of the caller's, the sweep runs to
     * its end first.
     */
    template <class Samples>
    sweep(const Samples &samples, const values<std::size_t> &n_components,
          const values<gmm_covariance_type> &covariances, gmm_criterion criterion = GMM_CRITERION_BIC,
          const fit_options &options = fit_options(), threads_ref on = {})
    {
        const auto z = detail::view(samples);
        const gmm_covariance_type structure = covariances.size() ? *covariances.data() : gmm_covariance_type{GMM_COVARIANCE_FULL};
        detail::expect_weights(options.sample_weights, z.rows());
        detail::fit_call call(options, z.cols(), structure, detail::fit_call::no_arrays());
        gmm_sweep_options tried;
        detail::throw_unless_ok((gmm_sweep_options_init)(&tried, sizeof tried));
        tried.n_components = n_components.data(), tried.n_components_len = n_components.size();
        tried.covariance_types = covariances.data(), tried.covariance_types_len = covariances.size();
        tried.criterion = criterion, tried.fit = call.c();
        gmm_sweep *raw = nullptr;
        const gmm_status status = detail::real<detail::element<Samples>>::sweep(z.c(), &tried, on.c(), &raw);
        if (raw) {
            handle_ = handle(raw);
        }
        call.guard.rethrow();
        detail::throw_unless_ok(status);
    }

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

    std::size_t size() const { return gmm_sweep_n_candidates(c()); }
    /** The index of the candidate with the smallest criterion. */
    std::size_t best() const { return gmm_sweep_best(c()); }

    gmm_candidate candidate(std::size_t at) const
    {
        gmm_candidate out = {};
        out.size = sizeof out;
        detail::throw_unless_ok(gmm_sweep_candidate(c(), at, &out));
        return out;
    }

    /** Throws the error of the candidate's fit if it failed. */
    gmm::mixture model(std::size_t at) const
    {
        return gmm::mixture::made([&](auto out) { return gmm_sweep_mixture(c(), at, out); });
    }

private:
    using handle = detail::owned<gmm_sweep, gmm_sweep_free>;
    gmm_sweep *c() const { return handle_.get("sweep"); }
    handle handle_;
};

}  // namespace gmm

#endif
