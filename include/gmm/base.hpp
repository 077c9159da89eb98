/* Shared by all of gmm.hpp: errors, handles, threads, cancel tokens. */
#ifndef GMM_BASE_HPP
#define GMM_BASE_HPP

#include "../gmm.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/* In a program compiled without exceptions, a refusal calls GMM_REFUSED(status, message), and the program aborts
 * when that returns. Define it before the first include to log the message or to leave in another way. The calls of
 * gmm.h and gmm::scorer::try_score return statuses instead. All files of a program that include gmm.hpp need the
 * same setting. */
#if !defined(GMM_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
#define GMM_NO_EXCEPTIONS
#endif
#if defined(GMM_NO_EXCEPTIONS) && !defined(GMM_REFUSED)
#define GMM_REFUSED(status, message) std::fprintf(stderr, "gmm: %s (status %d)\n", (message), static_cast<int>(status))
#endif

/* The type is visible in every library: otherwise an exception thrown in one could not be caught in another. */
#if defined(__GNUC__) && !defined(_WIN32)
#define GMM_VISIBLE __attribute__((visibility("default")))
#else
#define GMM_VISIBLE
#endif

namespace gmm {

/** A refusal of the library: a status, and a message with what was wrong, where, and what to try. */
class GMM_VISIBLE error : public std::runtime_error {
public:
    error(gmm_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    /** GMM_*. */
    gmm_status status() const noexcept { return status_; }

private:
    gmm_status status_;
};

namespace detail {

/** Throws a gmm::error, or ends a program without exceptions. */
[[noreturn]] inline void refuse(gmm_status status, const std::string &message)
{
#ifdef GMM_NO_EXCEPTIONS
    GMM_REFUSED(status, message.c_str());
    std::abort();
#else
    throw error(status, message);
#endif
}

/** Throws the error of the C library for any status but GMM_OK. */
inline void throw_unless_ok(gmm_status status)
{
    if (status != GMM_OK) {
        refuse(status, gmm_last_error_message());
    }
}

/** The functions of gmm.h for a type: `real<double>::fit` is `gmm_mixture_fit_f64`. */
template <class Value>
struct real;

#define GMM_REAL(type, bits)                                                                              \
    template <>                                                                                           \
    struct real<type> {                                                                                   \
        using matrix = gmm_matrix_##bits;                                                                 \
        using scores = gmm_scores_##bits;                                                                 \
        using source = gmm_source_##bits;                                                                 \
        using scorer = gmm_scorer_##bits;                                                                 \
        static constexpr auto params = gmm_params_##bits;                                                 \
        static constexpr auto energy = gmm_energy_##bits;                                                 \
        static constexpr auto loss = gmm_training_loss_##bits;                                            \
        static constexpr auto fit = gmm_mixture_fit_##bits;                                               \
        static constexpr auto fit_stream = gmm_mixture_fit_stream_##bits;                                 \
        static constexpr auto from_labels = gmm_mixture_from_labels_##bits;                               \
        static constexpr auto from_responsibilities = gmm_mixture_from_responsibilities_##bits;           \
        static constexpr auto moments_of = gmm_moments_of_##bits;                                         \
        static constexpr auto update = gmm_stepwise_update_##bits;                                        \
        static constexpr auto criteria = gmm_mixture_criteria_##bits;                                     \
        static constexpr auto sweep = gmm_sweep_##bits;                                                   \
        static constexpr auto sample = gmm_mixture_sample_##bits;                                         \
        static constexpr auto score = gmm_mixture_score_##bits;                                           \
        static constexpr auto attribution = gmm_mixture_attribution_##bits;                               \
        static constexpr auto by_percentile = gmm_threshold_by_percentile_##bits;                         \
        static constexpr auto by_contamination = gmm_threshold_by_contamination_##bits;                   \
        static constexpr auto by_weighted_contamination = gmm_threshold_by_weighted_contamination_##bits; \
        static constexpr auto cov_diag_vjp = gmm_cov_diag_vjp_##bits;                                     \
        static constexpr auto detector_fit = gmm_detector_fit_##bits;                                     \
        static constexpr auto detector_energies = gmm_detector_energies_##bits;                           \
        static constexpr auto detector_attribution = gmm_detector_attribution_##bits;                     \
        static constexpr auto scorer_create = gmm_scorer_create_##bits;                                   \
        static constexpr auto scorer_score = gmm_scorer_score_##bits;                                     \
        static constexpr auto scorer_free = gmm_scorer_free_##bits;                                       \
    };

GMM_REAL(double, f64)
GMM_REAL(float, f32)
#undef GMM_REAL

/** A handle that is freed once. Any use of an empty handle, as after a move, is refused. */
template <class Handle, void (*Free)(Handle *)>
class owned {
public:
    owned() = default;
    explicit owned(Handle *made) : handle_(made, Free) {}

    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /** The handle; `name` is the object's name in messages. */
    Handle *get(const char *name) const
    {
        if (!handle_) {
            refuse(GMM_NULL_POINTER, std::string("the ") + name +
                                         " is empty: it was moved from or never made; assign one before its use");
        }
        return handle_.get();
    }

    /** The handle, or NULL. */
    Handle *raw() const noexcept { return handle_.get(); }

    std::shared_ptr<Handle> share(const char *name) const
    {
        get(name);
        return handle_;
    }

private:
    std::shared_ptr<Handle> handle_;
};

/** A handle with one owner: it can be moved, not copied. */
template <class Handle, void (*Free)(Handle *)>
class unique : public owned<Handle, Free> {
public:
    using owned<Handle, Free>::owned;
    unique(unique &&) noexcept = default;
    unique &operator=(unique &&) noexcept = default;
};

/** Makes an object from the pointer that `make` writes. */
template <class Owned, class Make>
Owned made(Make &&make)
{
    decltype(std::declval<const Owned &>().get("")) raw = nullptr;
    const gmm_status status = make(&raw);
    Owned owner = raw ? Owned(raw) : Owned();
    throw_unless_ok(status);
    return owner;
}

/**
 * An option that holds one of the library's objects, or none. It shares ownership of an object, but not of a raw
 * pointer.
 */
template <class Handle>
class link {
public:
    link() = default;
    link(std::nullptr_t) {}
    /* A move is a copy, so that options keep their start and their token after they were moved from. */
    link(const link &) = default;
    link &operator=(const link &) = default;
    link(Handle *handle) : handle_(std::shared_ptr<void>(), handle) {}

    /** From an object that is not empty. */
    template <class Object, class = decltype(std::declval<Object &>().share())>
    link(Object &&object) : handle_(object.share())
    {
    }

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    Handle *get() const noexcept { return handle_.get(); }

private:
    std::shared_ptr<Handle> handle_;
};

/** The product of sizes; the largest number if it overflows. */
inline std::size_t product(std::initializer_list<std::size_t> sizes) noexcept
{
    constexpr std::size_t most = (std::numeric_limits<std::size_t>::max)();
    std::size_t all = 1;
    bool is_empty = false;
    for (const std::size_t size : sizes) {
        is_empty = is_empty || size == 0;
        all = size == 0 || all <= most / size ? all * size : most;
    }
    return is_empty ? 0 : all;
}

/** The number of elements of an array with these sizes; refuses a product that exceeds the address space. */
template <class Value>
std::vector<Value> room(std::initializer_list<std::size_t> sizes)
{
    const std::size_t all = product(sizes);
    const auto too_many = [&] {
        std::string text;
        for (const std::size_t size : sizes) {
            text += (text.empty() ? "" : " x ") + std::to_string(size);
        }
        refuse(GMM_SIZE_OVERFLOW, "there is no memory for " + text + " values; use fewer samples at a time, components "
                                                                     "or features");
    };
    if (all > static_cast<std::size_t>((std::numeric_limits<std::ptrdiff_t>::max)()) / sizeof(Value)) {
        too_many();
    }
#ifdef GMM_NO_EXCEPTIONS
    return std::vector<Value>(all);
#else
    try {
        return std::vector<Value>(all);
    } catch (const std::bad_alloc &) {
        too_many();
        throw;
    }
#endif
}

/** An array with these sizes that `read` fills. */
template <class Read, class Handle>
std::vector<double> read(Read read, const Handle *handle, std::initializer_list<std::size_t> sizes)
{
    std::vector<double> values = room<double>(sizes);
    throw_unless_ok(read(handle, values.data(), values.size()));
    return values;
}

}  // namespace detail

/** A thread budget; results do not depend on it. Copies share its threads. */
class threads {
public:
    /** 0 means as many as the machine runs at once. */
    explicit threads(std::size_t count = 0)
        : handle_(detail::made<handle>([&](auto out) { return gmm_threads_create(count, out); }))
    {
    }

    const gmm_threads *c() const { return handle_.get("threads object"); }

private:
    using handle = detail::owned<gmm_threads, gmm_threads_free>;
    handle handle_;
};

/** The threads of a call: an object of `threads`, or the library's own. */
class threads_ref {
public:
    constexpr threads_ref() = default;
    threads_ref(const threads &of) : c_(of.c()) {}
    constexpr const gmm_threads *c() const noexcept { return c_; }

private:
    const gmm_threads *c_ = nullptr;
};

/** A cancel token: any thread may request the end of a call. Assign it to the call's options. Copies share it. */
class cancel {
public:
    cancel() : handle_(detail::made<handle>([](auto out) { return gmm_cancel_create(out); })) {}

    void request() { gmm_cancel_request(c()); }
    void reset() { gmm_cancel_reset(c()); }
    const gmm_cancel *c() const { return handle_.get(name); }
    std::shared_ptr<const gmm_cancel> share() const { return handle_.share(name); }

private:
    using handle = detail::owned<gmm_cancel, gmm_cancel_free>;
    static constexpr const char *name = "cancel token";
    handle handle_;
};

}  // namespace gmm

#endif
