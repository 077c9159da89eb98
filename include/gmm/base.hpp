/* What all of gmm.hpp has in common: errors, views of memory, handles, threads, options with their defaults. */
#ifndef GMM_BASE_HPP
#define GMM_BASE_HPP

#include "../gmm.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace gmm {

/** What the library refused: a status, and what was wrong, where, and what to try. */
class error : public std::runtime_error {
public:
    error(gmm_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    /** GMM_*. */
    gmm_status status() const noexcept { return status_; }

private:
    gmm_status status_;
};

/** Throws unless `status` is GMM_OK. */
inline void check(gmm_status status)
{
    if (status != GMM_OK) {
        throw error(status, gmm_last_error_message());
    }
}

/** Numbers that follow one another in memory: of a vector, an array, a std::span, or a pointer and a length. */
template <class T>
class span {
public:
    constexpr span() = default;
    constexpr span(T *data, std::size_t size) : data_(data), size_(size) {}

    template <class C, class = std::enable_if_t<
                           std::is_convertible_v<decltype(std::declval<C &>().data()), T *> &&
                           std::is_convertible_v<decltype(std::declval<C &>().size()), std::size_t>>>
    constexpr span(C &&container) : data_(container.data()), size_(container.size())
    {
    }

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T &operator[](std::size_t at) const { return data_[at]; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

namespace detail {

/** The functions of gmm.h for a type: `real<double>::fit` is `gmm_mixture_fit_f64`. */
template <class T>
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
        static constexpr auto detector_fit = gmm_detector_fit_##bits;                                     \
        static constexpr auto detector_energies = gmm_detector_energies_##bits;                           \
        static constexpr auto detector_attribution = gmm_detector_attribution_##bits;                     \
        static constexpr auto scorer_create = gmm_scorer_create_##bits;                                   \
        static constexpr auto scorer_score = gmm_scorer_score_##bits;                                     \
        static void free(scorer *handle) { gmm_scorer_free_##bits(handle); }                              \
    };

GMM_REAL(double, f64)
GMM_REAL(float, f32)
#undef GMM_REAL

template <class H, void (*Free)(H *)>
struct freed {
    void operator()(H *handle) const noexcept { Free(handle); }
};

/** A handle that is freed once. */
template <class H, void (*Free)(H *)>
using handle = std::unique_ptr<H, freed<H, Free>>;

/** What `make` writes to the pointer it is given. */
template <class Handle, class Make>
Handle made(Make &&make)
{
    typename Handle::pointer raw = nullptr;
    check(make(&raw));
    return Handle(raw);
}

/** `len` doubles that `read` writes. */
template <class Read, class H>
std::vector<double> read(Read read, const H *handle, std::size_t len)
{
    std::vector<double> values(len);
    check(read(handle, values.data(), len));
    return values;
}

}  // namespace detail

/** Somebody else's matrix, n rows of one sample each: element (i, j) is data[i * row_stride + j * col_stride]. */
template <class T>
class matrix {
public:
    using value_type = T;

    /** Rows that follow one another. */
    matrix(const T *data, std::size_t rows, std::size_t cols)
        : matrix(data, rows, cols, static_cast<std::ptrdiff_t>(cols), 1)
    {
    }

    matrix(const T *data, std::size_t rows, std::size_t cols, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride)
        : c_{data, rows, cols, row_stride, col_stride}
    {
    }

    /** Rows of `cols` values that follow one another in a vector or an array. */
    matrix(span<const T> values, std::size_t cols) : matrix(values.data(), cols ? values.size() / cols : 0, cols)
    {
        if (cols == 0 || values.size() % cols != 0) {
            throw error(GMM_INVALID_SHAPE, std::to_string(values.size()) + " values are no rows of " +
                                               std::to_string(cols));
        }
    }

    /** What says itself where its elements are, as dense matrices, maps and blocks of Eigen do. */
    template <class M, class = decltype(std::declval<const M &>().rowStride())>
    matrix(const M &other)
        : matrix(other.data(), static_cast<std::size_t>(other.rows()), static_cast<std::size_t>(other.cols()),
                 static_cast<std::ptrdiff_t>(other.rowStride()), static_cast<std::ptrdiff_t>(other.colStride()))
    {
    }

    std::size_t rows() const noexcept { return c_.rows; }
    std::size_t cols() const noexcept { return c_.cols; }
    const typename detail::real<T>::matrix *c() const noexcept { return &c_; }

private:
    typename detail::real<T>::matrix c_;
};

namespace detail {

template <class T>
matrix<T> view(const matrix<T> &samples)
{
    return samples;
}

template <class M, class T = std::remove_cv_t<std::remove_pointer_t<decltype(std::declval<const M &>().data())>>,
          class = decltype(std::declval<const M &>().rowStride())>
matrix<T> view(const M &samples)
{
    return matrix<T>(samples);
}

/** The type of the elements of what may be passed as samples. */
template <class M>
using element = typename decltype(view(std::declval<const M &>()))::value_type;

}  // namespace detail

/** A number of threads; results do not depend on it. */
class threads {
public:
    /** 0 for as many as the machine runs at once. */
    explicit threads(std::size_t count = 0)
        : handle_(detail::made<decltype(handle_)>([&](auto out) { return gmm_threads_create(count, out); }))
    {
    }

    const gmm_threads *c() const noexcept { return handle_.get(); }

private:
    detail::handle<gmm_threads, gmm_threads_free> handle_;
};

/** What to compute with: an object of `threads`, or the library's own. */
class threads_ref {
public:
    constexpr threads_ref() = default;
    threads_ref(const threads &of) : c_(of.c()) {}
    constexpr const gmm_threads *c() const noexcept { return c_; }

private:
    const gmm_threads *c_ = nullptr;
};

/** A wish that a fit may end, for any thread to express. Put `c()` into the options of the fit. */
class cancel {
public:
    cancel() : handle_(detail::made<decltype(handle_)>([](auto out) { return gmm_cancel_create(out); })) {}

    void request() noexcept { gmm_cancel_request(handle_.get()); }
    void reset() noexcept { gmm_cancel_reset(handle_.get()); }
    const gmm_cancel *c() const noexcept { return handle_.get(); }

private:
    detail::handle<gmm_cancel, gmm_cancel_free> handle_;
};

/** `gmm_fit_options` with its defaults. */
struct fit_options : gmm_fit_options {
    explicit fit_options(std::size_t k = 1)
    {
        check((gmm_fit_options_init)(this, sizeof(gmm_fit_options)));
        n_components = k;
    }
};

/** `gmm_prior` with its defaults. */
struct prior : gmm_prior {
    prior() { check((gmm_prior_init)(this, sizeof(gmm_prior))); }
};

/** `gmm_stepwise_options` with its defaults. */
struct stepwise_options : gmm_stepwise_options {
    stepwise_options() { check((gmm_stepwise_options_init)(this, sizeof(gmm_stepwise_options))); }
};

/** `gmm_detector_options` with its defaults. */
struct detector_options : gmm_detector_options {
    detector_options() { check((gmm_detector_options_init)(this, sizeof(gmm_detector_options))); }
};

/** What to score: set what is wanted, memory for n values, or n k. */
template <class T>
struct scores : detail::real<T>::scores {
    scores() : detail::real<T>::scores{} { this->size = sizeof(typename detail::real<T>::scores); }
};

}  // namespace gmm

#endif
