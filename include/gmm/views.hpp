/* Numbers in the caller's memory: vectors, arrays, spans, mdspans, and matrices of Eigen, with their strides.
 *
 *     span<Value>      memory without gaps that a call writes to. Memory with gaps is refused.
 *     values<Value>    numbers that a call reads, in row-major order. Numbers with gaps are copied first.
 *     matrix<Value>    samples, read in place, with any strides; a temporary is kept alive with it.
 */
#ifndef GMM_VIEWS_HPP
#define GMM_VIEWS_HPP

#include "layout.hpp"

namespace gmm {

/** Memory without gaps: of a vector, an array, a std::span, or a pointer and a length. */
template <class Value>
class span {
public:
    constexpr span() = default;
    constexpr span(Value *data, std::size_t size) : data_(data), size_(size) {}

    /** Refuses memory with gaps or in another order than row-major. */
    template <class Source,
              class = std::enable_if_t<!std::is_same_v<std::remove_cv_t<std::remove_reference_t<Source>>, span>>>
    span(Source &&source)
    {
        using plain = std::remove_cv_t<std::remove_reference_t<Source>>;
        static_assert(std::is_const_v<Value> || std::is_lvalue_reference_v<Source> || !detail::is_std_array<plain>::value,
                      "gmm: what the function writes would be gone: pass a variable");
        static_assert(std::is_const_v<Value> || std::is_lvalue_reference_v<Source> ||
                          std::is_trivially_destructible_v<std::remove_reference_t<Source>>,
                      "gmm: what the function writes would be gone: pass a variable");
        const auto of = detail::describe(source);
        detail::require_type<Value, std::remove_pointer_t<decltype(of.data)>>();
        if (!of.is_dense()) {
            detail::refuse(GMM_INVALID_SHAPE, "the " + of.shape() +
                                                  " elements are not next to each other in row-major order; copy them "
                                                  "to memory that is");
        }
        data_ = of.data, size_ = of.size();
    }

    constexpr Value *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr Value &operator[](std::size_t at) const { return data_[at]; }
    constexpr Value *begin() const noexcept { return data_; }
    constexpr Value *end() const noexcept { return data_ + size_; }

private:
    Value *data_ = nullptr;
    std::size_t size_ = 0;
};

template <class Source>
span(Source &&) -> span<std::remove_pointer_t<detail::described<Source>>>;

/**
 * Numbers that a call reads, in row-major order. They are read in place if they lie in that order in a variable,
 * which must then live until the call; otherwise they are copied.
 */
template <class Value>
class values {
public:
    values() = default;
    values(std::nullptr_t) {}
    /* A move is a copy, so that an object that was moved from still refers to valid numbers. */
    values(const values &) = default;
    values &operator=(const values &) = default;
    values(const Value *data, std::size_t size) : is_given_(true) { refer(data, 1, {size, 1, 1}); }
    values(std::initializer_list<Value> list) : is_given_(true)
    {
        keep(std::vector<Value>(list), 1, {list.size(), 1, 1});
    }

    /** One object with numbers, or a container with one object for each component. */
    template <class Source, class Plain = std::remove_cv_t<std::remove_reference_t<Source>>,
              class = std::enable_if_t<!std::is_same_v<Plain, values> && !std::is_same_v<Plain, std::nullptr_t>>>
    values(Source &&source) : is_given_(true)
    {
        using element = detail::element_of<Source>;
        constexpr bool is_lasting = std::is_lvalue_reference_v<Source> || detail::outlives<Plain>();
        if constexpr (std::is_same_v<Source, std::vector<Value>>) {
            const std::size_t size = source.size();
            keep(std::move(source), 1, {size, 1, 1});
        } else if constexpr (detail::kind_of<std::remove_reference_t<Source>>() == detail::kind::sequence &&
                             std::is_class_v<element>) {
            gather(source);
        } else {
            const auto of = detail::describe(source);
            detail::require_type<const Value, std::remove_pointer_t<decltype(of.data)>>();
            if (is_lasting && of.is_dense()) {
                refer(of.data, of.rank, of.extents);
            } else {
                std::vector<Value> copy;
                append(copy, of);
                keep(std::move(copy), of.rank, of.extents);
            }
        }
    }

    /** Whether numbers are given; an empty container counts as given. */
    explicit operator bool() const noexcept { return is_given_; }
    const Value *data() const noexcept { return of_.data; }
    std::size_t size() const noexcept { return of_.size(); }

    /** The numbers, checked against `shape`, which `words` describes in messages; NULL if none are given. */
    const Value *expect(const char *name, std::initializer_list<std::size_t> shape, const char *words) const
    {
        if (!is_given_) {
            return nullptr;
        }
        const std::size_t *wanted = shape.begin();
        bool fits = size() == detail::product(shape);
        if (fits && !of_.is_flat() && of_.rank == 2 && shape.size() == 3) {
            fits = of_.extents[1] == wanted[2];
        } else if (fits && !of_.is_flat()) {
            fits = of_.rank == shape.size();
            for (std::size_t axis = 0; fits && axis < of_.rank; axis++) {
                fits = of_.extents[axis] == wanted[axis];
            }
        }
        if (!fits) {
            std::string needed;
            for (const std::size_t extent : shape) {
                needed += (needed.empty() ? "" : " x ") + std::to_string(extent);
            }
            detail::refuse(GMM_INVALID_SHAPE, std::string(name) + " have shape " + of_.shape() + "; pass " + needed +
                                                  " (" + words + ")");
        }
        return of_.data;
    }

private:
    using extents = std::array<std::size_t, 3>;

    void refer(const Value *data, std::size_t rank, extents lengths)
    {
        of_.data = data, of_.rank = rank, of_.extents = lengths;
    }

    void keep(std::vector<Value> &&copy, std::size_t rank, extents lengths)
    {
        const auto kept = std::make_shared<const std::vector<Value>>(std::move(copy));
        refer(kept->data(), rank, lengths);
        kept_ = kept;
    }

    template <class Layout>
    static void append(std::vector<Value> &copy, const Layout &of)
    {
        copy.reserve(copy.size() + of.size());
        of.each([&](Value value) { copy.push_back(value); });
    }

    template <class Container>
    void gather(Container &container)
    {
        std::vector<Value> copy;
        extents lengths = {static_cast<std::size_t>(container.size()), 0, 1};
        std::size_t rank = 2;
        for (std::size_t at = 0; at < lengths[0]; at++) {
            const auto of = detail::describe(container.data()[at]);
            detail::require_type<const Value, std::remove_pointer_t<decltype(of.data)>>();
            const bool is_vector = of.rank == 1 || of.extents[0] == 1 || of.extents[1] == 1;
            const extents one = {lengths[0], is_vector ? of.size() : of.extents[0], is_vector ? 1 : of.extents[1]};
            if (at > 0 && one != lengths) {
                detail::refuse(GMM_INVALID_SHAPE, "element 0 of a container has shape " + std::to_string(lengths[1]) +
                                                      " x " + std::to_string(lengths[2]) + " and element " +
                                                      std::to_string(at) + " has " + std::to_string(one[1]) + " x " +
                                                      std::to_string(one[2]) + "; pass elements of one shape");
            }
            lengths = one, rank = is_vector ? 2 : 3;
            append(copy, of);
        }
        keep(std::move(copy), rank, lengths);
    }

    bool is_given_ = false;
    detail::layout<const Value> of_;
    std::shared_ptr<const void> kept_;
};

/**
 * A matrix in the caller's memory, one sample a row: element (i, j) is data[i * row_stride + j * col_stride]. The
 * variable that it was made from must live as long as the matrix.
 */
template <class Value>
class matrix {
    static_assert(std::is_same_v<Value, double> || std::is_same_v<Value, float>,
                  "gmm: the elements of samples and energies are float or double: convert others first "
                  "(.cast<double>() in Eigen)");

public:
    using value_type = Value;

    /* A move is a copy, so that an object that was moved from still refers to valid elements. */
    matrix(const matrix &) = default;
    matrix &operator=(const matrix &) = default;

    /** Rows that follow one another without gaps. */
    matrix(const Value *data, std::size_t rows, std::size_t cols)
        : matrix(data, rows, cols, static_cast<std::ptrdiff_t>(cols), 1)
    {
    }

    matrix(const Value *data, std::size_t rows, std::size_t cols, std::ptrdiff_t row_stride, std::ptrdiff_t col_stride)
        : c_{data, rows, cols, row_stride, col_stride}
    {
    }

    /** Rows of `cols` values that follow one another in a vector, an array, or a column of a matrix. */
    template <class Source>
    matrix(Source &&source, std::size_t cols) : c_{nullptr, 0, cols, 0, 0}
    {
        const auto of = detail::describe(lasting(source, std::is_lvalue_reference<Source>()));
        detail::require_type<const Value, std::remove_pointer_t<decltype(of.data)>>();
        if (!of.is_flat() && !of.is_dense()) {
            detail::refuse(GMM_INVALID_SHAPE, "a matrix of " + of.shape() +
                                                  " is not in row-major order; pass it without a number of columns");
        }
        if (cols == 0 || of.size() % cols != 0) {
            detail::refuse(GMM_INVALID_SHAPE,
                           std::to_string(of.size()) + " values are no rows of " + std::to_string(cols));
        }
        const std::ptrdiff_t stride = of.is_flat() ? of.flat_stride() : 1;
        c_.data = of.data, c_.rows = of.size() / cols;
        c_.row_stride = static_cast<std::ptrdiff_t>(cols) * stride, c_.col_stride = stride;
    }

    /** An object that describes its memory: matrices, maps and blocks of Eigen, mdspans, arrays of arrays. */
    template <class Source, class Plain = std::remove_cv_t<std::remove_reference_t<Source>>,
              class = std::enable_if_t<!std::is_same_v<Plain, matrix>>>
    matrix(Source &&source) : c_{nullptr, 0, 0, 0, 0}
    {
        static_assert(detail::kind_of<const Plain>() != detail::kind::sequence,
                      "gmm: a sequence does not say how many features a sample has: pass gmm::matrix(values, "
                      "n_features)");
        if constexpr (detail::kind_of<const Plain>() == detail::kind::c_array) {
            static_assert(std::rank_v<Plain> == 2, "gmm: pass samples as an array of rows");
        } else if constexpr (detail::kind_of<const Plain>() == detail::kind::mdspan) {
            static_assert(static_cast<std::size_t>(Plain::rank()) == 2, "gmm: an mdspan of samples has two dimensions");
        }
        const auto of = detail::describe(lasting(source, std::is_lvalue_reference<Source>()));
        detail::require_type<const Value, std::remove_pointer_t<decltype(of.data)>>();
        c_ = {of.data, of.extents[0], of.extents[1], of.strides[0], of.strides[1]};
    }

    const Value *data() const noexcept { return c_.data; }
    std::size_t rows() const noexcept { return c_.rows; }
    std::size_t cols() const noexcept { return c_.cols; }
    std::ptrdiff_t row_stride() const noexcept { return c_.row_stride; }
    std::ptrdiff_t col_stride() const noexcept { return c_.col_stride; }
    const typename detail::real<Value>::matrix *c() const noexcept { return &c_; }

private:
    template <class Source>
    static const Source &lasting(const Source &source, std::true_type)
    {
        return source;
    }

    /** A temporary, which may own its elements: the matrix keeps it alive. */
    template <class Source>
    const Source &lasting(Source &source, std::false_type)
    {
        if constexpr (detail::outlives<std::remove_const_t<Source>>()) {
            return source;
        } else {
            const auto kept = std::make_shared<Source>(std::move(source));
            kept_ = kept;
            return *kept;
        }
    }

    typename detail::real<Value>::matrix c_;
    std::shared_ptr<const void> kept_;
};

template <class Source>
matrix(Source &&, std::size_t) -> matrix<detail::element_of<const std::remove_reference_t<Source>>>;
template <class Source>
matrix(Source &&) -> matrix<detail::element_of<const std::remove_reference_t<Source>>>;

namespace detail {

/** The type of the elements of samples or energies. */
template <class Source>
struct real_element {
    using of = element_of<const std::remove_reference_t<Source>>;
    static constexpr bool is_real = std::is_same_v<of, double> || std::is_same_v<of, float>;
    static_assert(is_real, "gmm: the elements of samples and energies are float or double: convert others first "
                           "(.cast<double>() in Eigen)");
    using type = std::conditional_t<is_real, of, double>;
};
template <class Source>
using element = typename real_element<Source>::type;

template <class Source>
matrix<element<Source>> view(const Source &samples)
{
    return matrix<element<Source>>(samples);
}

template <class Samples, class Shares>
constexpr void require_one_type()
{
    static_assert(std::is_same_v<element<Samples>, element<Shares>>,
                  "gmm: samples and responsibilities are of one type, both float or both double");
}

/** Refuses responsibilities without a row for each sample, before memory for results is allocated. */
template <class Value>
void expect_rows(const matrix<Value> &samples, const matrix<Value> &shares)
{
    if (samples.rows() != shares.rows()) {
        refuse(GMM_INVALID_SHAPE, "responsibilities have " + std::to_string(shares.rows()) + " rows for " +
                                      std::to_string(samples.rows()) + " samples; pass one for each");
    }
}

}  // namespace detail
}  // namespace gmm

#endif
