// gmm.hpp accepts numbers in any layout that describes itself, with strides and in any order, and refuses all others.
//
// usage: layouts
#include "check.hpp"

#include <array>
#include <cstdint>
#include <vector>

#if __cplusplus >= 202002L
#include <span>
#endif

namespace {

// A matrix view like std::mdspan, of any rank, with strides.
template <class Value, std::size_t Rank>
class strided {
public:
    using element_type = Value;
    using reference = Value &;
    using data_handle_type = Value *;

    strided(Value *data, std::array<std::size_t, Rank> extents, std::array<std::ptrdiff_t, Rank> strides)
        : data_(data), extents_(extents), strides_(strides)
    {
    }

    static constexpr std::size_t rank() noexcept { return Rank; }
    static constexpr bool is_always_strided() noexcept { return true; }
    std::size_t extent(std::size_t axis) const { return extents_[axis]; }
    std::ptrdiff_t stride(std::size_t axis) const { return strides_[axis]; }
    Value *data_handle() const { return data_; }
    std::size_t size() const
    {
        std::size_t all = 1;
        for (const std::size_t extent : extents_) {
            all *= extent;
        }
        return all;
    }

private:
    Value *data_;
    std::array<std::size_t, Rank> extents_;
    std::array<std::ptrdiff_t, Rank> strides_;
};

// A span that skips elements, which only its operator[] shows.
template <class Value>
struct skipping {
    Value *first;
    std::size_t count, step;

    Value *data() const { return first; }
    std::size_t size() const { return count; }
    Value &operator[](std::size_t at) const { return first[at * step]; }
};

// Elements at triangular numbers: unevenly spaced.
struct uneven {
    const double *first;

    const double *data() const { return first; }
    std::size_t size() const { return 3; }
    const double &operator[](std::size_t at) const { return first[at * (at + 1) / 2]; }
};

const std::vector<double> weights = {0.25, 0.75};
const std::vector<double> means = {0, 1, 2, 10, 11, 12};
const std::vector<double> means_by_columns = {0, 10, 1, 11, 2, 12};
// 2 x 3 x 3: symmetric, and different for each component.
const std::vector<double> covariances = {2, 0.5, 0.1, 0.5, 3, 0.2, 0.1, 0.2, 4, 5, 0, 0, 0, 6, 0.3, 0, 0.3, 7};

gmm::mixture model()
{
    return gmm::mixture::create(weights, means, covariances);
}

void parameters()
{
    const gmm::mixture known = model();
    CHECK(known.means() == means && known.covariances() == covariances && known.weights() == weights);

    // By columns, in a larger matrix, and rows as arrays.
    const strided<const double, 2> by_columns(means_by_columns.data(), {2, 3}, {1, 2});
    CHECK(gmm::mixture::create(weights, by_columns, covariances).means() == means);
    const double rows[2][3] = {{0, 1, 2}, {10, 11, 12}};
    CHECK(gmm::mixture::create(weights, rows, covariances).means() == means);
    const std::vector<std::array<double, 3>> each = {{0, 1, 2}, {10, 11, 12}};
    CHECK(gmm::mixture::create(weights, each, covariances).means() == means);
    const std::vector<std::vector<double>> lists = {{0, 1, 2}, {10, 11, 12}};
    CHECK(gmm::mixture::create(weights, lists, covariances).means() == means);
    CHECK(gmm::mixture::create({0.25, 0.75}, {0, 1, 2, 10, 11, 12}, covariances).means() == means);
    CHECK(gmm::mixture::create(gmm::span<const double>(weights), gmm::span<const double>(means),
                               {covariances.data(), covariances.size()})
              .means() == means);
    const double both[] = {0.25, -1, 0.75, -1};
    CHECK(gmm::mixture::create(strided<const double, 1>(both, {2}, {2}), means, covariances).weights() == weights);
    CHECK(gmm::mixture::create(skipping<const double>{both, 2, 2}, means, covariances).weights() == weights);
    double block[2][3][4];
    for (std::size_t at = 0; at < 18; at++) {
        block[at / 9][at / 3 % 3][at % 3] = covariances[at];
    }
    CHECK(gmm::mixture::create(weights, means, strided<double, 3>(&block[0][0][0], {2, 3, 3}, {12, 4, 1}))
              .covariances() == covariances);

    // A wrong shape is refused, even if the number of elements is right.
    std::string said;
    const strided<const double, 2> transposed(means.data(), {3, 2}, {1, 3});
    CHECK(status_of([&] { gmm::mixture::create(weights, transposed, covariances); }, &said) == GMM_INVALID_SHAPE);
    CHECK(said == "means have shape 3 x 2; pass 2 x 3 (n_components x n_features)");
    const strided<const double, 2> flat(covariances.data(), {3, 6}, {6, 1});
    CHECK(status_of([&] { gmm::mixture::create(weights, means, flat); }, &said) == GMM_INVALID_SHAPE);
    const std::vector<std::vector<double>> ragged = {{0, 1, 2}, {10, 11}};
    CHECK(status_of([&] { gmm::mixture::create(weights, ragged, covariances); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::mixture::create(weights, uneven{means.data()}, covariances); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::mixture::create(weights, means, means); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::mixture::create({}, means, covariances); }) == GMM_INVALID_SHAPE);

    // A variable is read at the time of the call; a temporary is kept alive.
    gmm::fit_options options(2);
    options.means = std::vector<double>(means);
    std::vector<double> changed = weights;
    options.weights = changed;
    CHECK(options.means.size() == 6 && options.weights.data() == changed.data());
}

void samples()
{
    const gmm::mixture known = model();
    // Five rows of three, and the same as columns, every second element, backwards, and as arrays.
    const double rows[5][3] = {{0, 1, 2}, {1, 1, 1}, {9, 12, 13}, {5, 5, 5}, {-3, 0.5, 2}};
    const auto wanted = known.energies(gmm::matrix<double>(&rows[0][0], 5, 3));
    std::vector<double> columns(15), spread(30), backwards(15);
    for (std::size_t n = 0; n < 5; n++) {
        for (std::size_t d = 0; d < 3; d++) {
            columns[d * 5 + n] = rows[n][d];
            spread[(n * 3 + d) * 2] = rows[n][d];
            backwards[14 - (n * 3 + d)] = rows[n][d];
        }
    }
    CHECK(known.energies(rows) == wanted);
    CHECK(known.energies(strided<double, 2>(columns.data(), {5, 3}, {1, 5})) == wanted);
    CHECK(known.energies(gmm::matrix(strided<double, 1>(spread.data(), {15}, {2}), 3)) == wanted);
    CHECK(known.energies(gmm::matrix(skipping<double>{spread.data(), 15, 2}, 3)) == wanted);
    CHECK(known.energies(strided<const double, 2>(&backwards[14], {5, 3}, {-3, -1})) == wanted);
    const gmm::matrix from_pointer(&rows[0][0], 5, 3);
    const gmm::matrix from_array(rows);
    CHECK(known.energies(from_pointer) == wanted && known.energies(from_array) == wanted);
    CHECK(known.energies(gmm::matrix(columns.data(), 5, 3, 1, 5)) == wanted);

    gmm::scorer<double> scorer(known);
    for (std::size_t n = 0; n < 5; n++) {
        CHECK(scorer.energy(rows[n]) == wanted[n]);
        CHECK(scorer.energy(strided<double, 1>(&columns[n], {3}, {5})) == wanted[n]);
        CHECK(scorer.energy(skipping<double>{&columns[n], 3, 5}) == wanted[n]);
        CHECK(scorer.energy(std::array<double, 3>{rows[n][0], rows[n][1], rows[n][2]}) == wanted[n]);
        CHECK(scorer.energy({&rows[n][0], 3}) == wanted[n]);
        gmm::scores<double> into;
        double energy = 0;
        into.energies = {&energy, 1};
        scorer.score(strided<double, 2>(&columns[n], {1, 3}, {1, 5}), into);
        CHECK(energy == wanted[n]);
    }
    CHECK(status_of([&] { scorer.energy(rows); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { scorer.energy(std::vector<double>(2)); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::matrix(strided<double, 2>(columns.data(), {5, 3}, {1, 5}), 5); }) == GMM_INVALID_SHAPE);
}

void weights_of_samples()
{
    const gmm::mixture known = model();
    const std::vector<double> drawn = known.sample(4, 1);
    const gmm::matrix z(drawn, 3);
    const std::vector<double> counts = {1, 2, 3, 4}, spread = {1, 0, 2, 0, 3, 0, 4, 0};
    const strided<const double, 1> view(spread.data(), {4}, {2});
    const skipping<const double> skips{spread.data(), 4, 2};
    CHECK(known.criteria(z, view).bic == known.criteria(z, counts).bic);
    CHECK(known.criteria(z, skips).bic == known.criteria(z, counts).bic);
    CHECK(known.criteria(z, {1, 2, 3, 4}).bic == known.criteria(z, counts).bic);
    CHECK(known.moments(z, view) == known.moments(z, counts));
    gmm::stepwise one(known), other(known);
    CHECK(one.update(z, view) == other.update(z, counts));
    CHECK(status_of([&] { known.criteria(z, spread); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { known.criteria(z, std::vector<double>()); }) == GMM_INVALID_SHAPE);

    const std::vector<std::uint32_t> labels = {0, 1, 0, 1}, spaced = {0, 9, 1, 9, 0, 9, 1, 9};
    gmm::fit_options options(2);
    options.reg_covar = 1;
    CHECK(gmm::from_labels(z, strided<const std::uint32_t, 1>(spaced.data(), {4}, {2}), options).means() ==
          gmm::from_labels(z, labels, options).means());
    options.sample_weights = view;
    auto plain = options;
    plain.sample_weights = counts;
    CHECK(gmm::from_labels(z, labels, options).means() == gmm::from_labels(z, labels, plain).means());

    const std::vector<double> energies = {1, 9, 2, 9, 3, 9};
    CHECK(gmm::threshold_by_percentile(strided<const double, 1>(energies.data(), {3}, {2}), 50) == 2);
    CHECK(gmm::threshold_by_contamination(skipping<const double>{energies.data(), 3, 2}, 0) == 3);
    CHECK(gmm::threshold_by_percentile(gmm::span<const double>(energies), 0) == 1);
    const float floats[] = {3, 1, 2};
    CHECK(gmm::threshold_by_percentile(floats, 50) == 2);
}

void outputs()
{
    const gmm::mixture known = model();
    const std::vector<double> drawn = known.sample(4, 1);
    const gmm::matrix z(drawn, 3);
    double into[4][2] = {}, gaps[8] = {};
    gmm::scores<double> wanted;
    wanted.responsibilities = into;
    known.score(z, wanted);
    CHECK(std::vector<double>(&into[0][0], &into[0][0] + 8) == known.responsibilities(z));

    // Memory with gaps or in column-major order is refused as an output, and not changed.
    const auto before = std::vector<double>(gaps, gaps + 8);
    CHECK(status_of([&] { wanted.energies = strided<double, 1>(gaps, {4}, {2}); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { wanted.energies = skipping<double>{gaps, 4, 2}; }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { wanted.responsibilities = strided<double, 2>(gaps, {4, 2}, {1, 4}); }) == GMM_INVALID_SHAPE);
    CHECK(std::vector<double>(gaps, gaps + 8) == before);

    auto sum = known.moments(z);
    std::vector<double> wide(2 * sum.size());
    const strided<double, 1> view(wide.data(), {sum.size()}, {2});
    CHECK(status_of([&] { known.scale_moments(2, view); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { known.add_moments(sum, view); }) == GMM_INVALID_SHAPE);
    // As an input it is copied.
    for (std::size_t at = 0; at < sum.size(); at++) {
        wide[2 * at] = sum[at];
    }
    auto twice = sum;
    known.add_moments(view, twice);
    CHECK(twice[0] == 2 * sum[0] && known.maximise(view).means() == known.maximise(sum).means());
}

// Samples and responsibilities may have different layouts.
void layers()
{
    const double rows[4][1] = {{0}, {2}, {10}, {14}};
    const std::vector<double> columns = {1, 1, 0, 0, 0, 0, 1, 1};
    const strided<const double, 2> shares(columns.data(), {4, 2}, {1, 4});
    const auto found = gmm::params(rows, shares, 0);
    CHECK(found.mu == std::vector<double>{1, 12} && found.cov == std::vector<double>{1, 4});
    CHECK(gmm::loss(rows, shares).d_gamma.size() == 8);
    gmm::fit_options options(2);
    CHECK(gmm::from_responsibilities(rows, shares, options).means()[1] == 12);
    CHECK(gmm::energy(rows, found).sample_energy.size() == 4);
}

#if __cplusplus >= 202002L
void spans()
{
    CHECK(gmm::mixture::create(std::span(weights), std::span(means), std::span(covariances)).means() == means);
    std::vector<double> energies(1);
    gmm::scores<double> wanted;
    wanted.energies = std::span(energies);
    model().score(gmm::matrix(std::span(means).first(3), 3), wanted);
    CHECK(energies[0] == model().energies(gmm::matrix(means, 3))[0]);
}
#else
void spans() {}
#endif

}  // namespace

int main()
{
    parameters();
    samples();
    weights_of_samples();
    outputs();
    layers();
    spans();
    return 0;
}
