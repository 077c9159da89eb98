// Lengths are checked against samples, components and features before memory is read or written; empty objects are
// refused everywhere; too large sizes are refused before memory is allocated.
//
// usage: checked
#include "check.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace {

const std::size_t most = (std::numeric_limits<std::size_t>::max)();

const gmm::mixture model = gmm::mixture::create({0.5, 0.5}, {0, 1, 5, 6}, {1, 0, 0, 1, 1, 0, 0, 1});
const std::vector<double> drawn = model.sample(200, 1);
const gmm::matrix<double> z(drawn, 2);

// Calls `call` with memory of wrong lengths (10, one less and one more than needed), then with the right one.
template <class Call>
void only_takes(std::size_t size, Call &&call)
{
    for (const std::size_t wrong : {std::size_t{0}, std::size_t{10}, size - 1, size + 1}) {
        if (wrong != size) {
            std::vector<double> short_of(wrong, 0.5);
            CHECK(status_of([&] { call(short_of); }) == GMM_INVALID_SHAPE);
            CHECK(short_of == std::vector<double>(wrong, 0.5));
        }
    }
    std::vector<double> right(size, 0.5);
    call(right);
}

void options()
{
    only_takes(200, [](const auto &counts) {
        gmm::fit_options options(2);
        options.sample_weights = counts;
        gmm::fit(z, options);
    });
    only_takes(200, [](const auto &counts) {
        gmm::fit_options options(2);
        options.sample_weights = counts;
        gmm::from_labels(z, std::vector<std::uint32_t>(200), options);
    });
    only_takes(200, [](const auto &counts) {
        gmm::fit_options options(2);
        options.sample_weights = counts;
        gmm::from_responsibilities(z, gmm::matrix(model.responsibilities(z), 2), options);
    });
    only_takes(200, [](const auto &counts) {
        gmm::fit_options options;
        options.sample_weights = counts;
        gmm::sweep(z, {1, 2}, {GMM_COVARIANCE_FULL}, GMM_CRITERION_BIC, options);
    });
    only_takes(200, [](const auto &counts) {
        gmm::detector_options options;
        options.sample_weights = counts;
        gmm::detector(z, options);
    });
    only_takes(200, [](const auto &counts) { model.criteria(z, counts); });
    only_takes(200, [](const auto &counts) { model.moments(z, counts); });
    only_takes(200, [](const auto &counts) {
        gmm::stepwise learner(model);
        learner.update(z, counts);
    });
    std::string said;
    CHECK(status_of([] { model.criteria(z, std::vector<double>(10)); }, &said) == GMM_INVALID_SHAPE);
    CHECK(said == "sample weights have shape 10; pass 200 (one for each sample)");

    // Starts: k, k d, and a size for each structure.
    only_takes(2, [](const auto &weights) {
        gmm::fit_options options(2);
        options.weights = weights;
        gmm::fit(z, options);
    });
    only_takes(4, [](auto means) {
        gmm::fit_options options(2);
        if (!means.empty()) {
            means[0] = 3;
        }
        options.means = means;
        gmm::fit(z, options);
    });
    const std::array<std::size_t, 4> sizes = {8, 4, 4, 2};
    for (const gmm_covariance_type structure :
         {GMM_COVARIANCE_FULL, GMM_COVARIANCE_TIED, GMM_COVARIANCE_DIAG, GMM_COVARIANCE_SPHERICAL}) {
        for (const bool is_precision : {false, true}) {
            only_takes(sizes[static_cast<std::size_t>(structure)], [&](auto covariances) {
                gmm::fit_options options(2);
                options.covariance_type = structure, options.means = model.means();
                if (structure < GMM_COVARIANCE_DIAG) {
                    // One or two unit matrices.
                    for (std::size_t at = 0; at < covariances.size(); at++) {
                        covariances[at] = at % 4 == 0 || at % 4 == 3 ? 0.5 : 0;
                    }
                }
                (is_precision ? options.precisions : options.covariances) = covariances;
                try {
                    gmm::fit(z, options);
                } catch (const gmm::error &) {
                    throw;
                }
            });
        }
    }
    gmm::fit_options unknown(2);
    unknown.covariance_type = 7, unknown.covariances = model.covariances();
    CHECK(status_of([&] { gmm::fit(z, unknown); }) == GMM_INVALID_ARGUMENT);

    // The given covariances have the structure of the start.
    gmm::fit_options started(2);
    started.covariance_type = GMM_COVARIANCE_DIAG;
    const gmm::mixture start = gmm::fit(z, started).model;
    only_takes(4, [&](const auto &variances) {
        gmm::fit_options options(2);
        options.start = start, options.covariances = variances;
        gmm::fit(z, options);
    });
}

void priors()
{
    only_takes(2, [](const auto &mean) {
        gmm::prior prior;
        prior.mean = mean;
        gmm::fit_options options(2);
        options.prior = prior;
        gmm::fit(z, options);
        gmm::stepwise_options learning;
        learning.prior = prior;
        gmm::stepwise(model, learning);
        model.maximise(model.moments(z), options);
        gmm::sweep(z, {1, 2}, {GMM_COVARIANCE_FULL}, GMM_CRITERION_BIC, options);
    });
    // Each check by itself.
    gmm::prior prior;
    prior.mean = std::vector<double>(10);
    gmm::fit_options options(2);
    options.prior = &prior;
    gmm::stepwise_options learning;
    learning.prior = prior;
    CHECK(status_of([&] { gmm::stepwise(model, learning); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { model.maximise(model.moments(z), options); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::sweep(z, {1}, {GMM_COVARIANCE_FULL}, GMM_CRITERION_BIC, options); }) ==
          GMM_INVALID_SHAPE);
    const std::array<std::size_t, 4> sizes = {4, 4, 2, 1};
    for (const gmm_covariance_type structure :
         {GMM_COVARIANCE_FULL, GMM_COVARIANCE_TIED, GMM_COVARIANCE_DIAG, GMM_COVARIANCE_SPHERICAL}) {
        only_takes(sizes[static_cast<std::size_t>(structure)], [&](auto covariance) {
            for (std::size_t at = 0; at < covariance.size(); at++) {
                covariance[at] = covariance.size() != 4 || at % 3 == 0 ? 0.5 : 0;
            }
            gmm::prior of;
            of.covariance = covariance;
            gmm::fit_options with(2);
            with.covariance_type = structure, with.prior = of;
            gmm::fit(z, with);
        });
    }
}

void scores()
{
    const auto into = [](auto field, std::size_t size) {
        only_takes(size, [&](auto &memory) {
            gmm::scores<double> wanted;
            wanted.*field = memory;
            model.score(z, wanted);
        });
        only_takes(size, [&](auto &memory) {
            gmm::scores<double> wanted;
            wanted.*field = memory;
            gmm::scorer<double>(model, 200).score(z, wanted);
        });
    };
    using all = gmm::scores<double>;
    into(&all::energies, 200), into(&all::log_densities, 200);
    into(&all::responsibilities, 400), into(&all::log_responsibilities, 400), into(&all::squared_mahalanobis, 400);
    std::vector<std::uint32_t> labels(199);
    all wanted;
    wanted.labels = labels;
    CHECK(status_of([&] { model.score(z, wanted); }) == GMM_INVALID_SHAPE);
    labels.resize(200);
    wanted.labels = labels;
    model.score(z, wanted);
    CHECK(labels == model.labels(z));

    // The same checks without exceptions.
    gmm::scorer<double> scorer(model, 200), empty;
    static_assert(noexcept(scorer.try_score(z, wanted)));
    CHECK(scorer.try_score(z, wanted) == GMM_OK && labels == model.labels(z));
    std::vector<double> energies(200), few_energies(10, 0.5);
    wanted.energies = few_energies;
    CHECK(scorer.try_score(z, wanted) == GMM_INVALID_SHAPE && few_energies == std::vector<double>(10, 0.5));
    wanted.energies = energies;
    CHECK(scorer.try_score(z, wanted) == GMM_OK && energies == model.energies(z));
    CHECK(empty.try_score(z, wanted) == GMM_NULL_POINTER);
    const double bad[1][2] = {{0, std::nan("")}};
    energies.resize(1);
    gmm::scores<double> one;
    one.energies = energies;
    CHECK(scorer.try_score(bad, one) == GMM_NOT_FINITE);

    CHECK(status_of([] { gmm::from_labels(z, std::vector<std::uint32_t>(199), 2); }) == GMM_INVALID_SHAPE);
    auto sum = model.moments(z);
    sum.pop_back();
    CHECK(status_of([&] { model.scale_moments(2, sum); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { model.maximise(sum); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { model.maximise({}); }) != GMM_OK);

    // Parameters with vectors that are shorter than their number of components requires.
    const gmm::matrix<double> shares(model.responsibilities(z), 2);
    const auto found = gmm::params(z, gmm::matrix(drawn, 2).rows() ? shares : shares);
    for (const auto field : {&gmm::parameters<double>::phi, &gmm::parameters<double>::mu,
                             &gmm::parameters<double>::cov, &gmm::parameters<double>::chol,
                             &gmm::parameters<double>::log_det}) {
        auto broken = found;
        (broken.*field).pop_back();
        CHECK(status_of([&] { gmm::energy(z, broken); }) == GMM_INVALID_SHAPE);
        broken = found, broken.n_components = most / 2;
        CHECK(status_of([&] { gmm::energy(z, broken); }) == GMM_INVALID_SHAPE);
    }
    CHECK(gmm::energy(z, found).sample_energy.size() == 200);
    const gmm::matrix<double> few(drawn, 1);
    CHECK(status_of([&] { gmm::params(z, few); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::loss(z, few); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::from_responsibilities(z, few, 1); }) == GMM_INVALID_SHAPE);
}

// Options that were moved from still hold their values: no dangling memory, and no silent defaults.
void options_that_were_moved_from()
{
    gmm::fit_options options(2);
    options.sample_weights = std::vector<double>(z.rows(), 1.0);
    int lines = 0;
    options.log = [&lines](gmm_log_level, const char *) { lines++; };
    const gmm::fit_options taken = std::move(options);
    CHECK(taken.sample_weights.data() == options.sample_weights.data() && options.sample_weights && options.log);
    CHECK(gmm::fit(z, options).model.means() == gmm::fit(z, taken).model.means() && lines >= 2);
    gmm::matrix<double> rows(std::vector<double>{1, 2, 3, 4}, 2);
    const gmm::matrix<double> other = std::move(rows);
    CHECK(rows.data() == other.data() && rows.data()[3] == 4);
    gmm::cancel token;
    gmm::detector_options detector;
    detector.cancel = token;
    const gmm::detector_options also = std::move(detector);
    CHECK(detector.cancel && also.cancel);
    gmm::stepwise_options learning;
    learning.cancel = token;
    gmm::stepwise learner(gmm::fit(z, 1).model, learning);
    token.request();
    CHECK(status_of([&] { learner.update(z); }) == GMM_CANCELLED);
}

template <class Call>
bool is_refused(Call &&call)
{
    std::string said;
    return status_of(call, &said) == GMM_NULL_POINTER && said.find("empty") != std::string::npos;
}

template <class Object>
Object moved_from(Object object)
{
    const Object taken = std::move(object);
    CHECK(taken && !object);
    return object;
}

// Every member of an empty object.
void empty_mixtures(const gmm::mixture &empty)
{
    CHECK(!empty);
    CHECK(is_refused([&] { empty.n_components(); }));
    CHECK(is_refused([&] { empty.n_features(); }));
    CHECK(is_refused([&] { empty.n_parameters(); }));
    CHECK(is_refused([&] { empty.covariance_type(); }));
    CHECK(is_refused([&] { empty.weights(); }));
    CHECK(is_refused([&] { empty.means(); }));
    CHECK(is_refused([&] { empty.covariances(); }));
    CHECK(is_refused([&] { empty.dense_covariances(); }));
    CHECK(is_refused([&] { empty.cholesky(); }));
    CHECK(is_refused([&] { empty.precisions_cholesky(); }));
    CHECK(is_refused([&] { empty.log_dets(); }));
    CHECK(is_refused([&] { empty.save("never"); }));
    CHECK(is_refused([&] { empty.score(z, {}); }));
    CHECK(is_refused([&] { empty.energies(z); }));
    CHECK(is_refused([&] { empty.responsibilities(z); }));
    CHECK(is_refused([&] { empty.squared_mahalanobis(z); }));
    CHECK(is_refused([&] { empty.labels(z); }));
    CHECK(is_refused([&] { empty.attribution(z); }));
    CHECK(is_refused([&] { empty.criteria(z); }));
    CHECK(is_refused([&] { empty.sample(3, 1); }));
    CHECK(is_refused([&] { empty.moments(z); }));
    std::vector<double> sum;
    CHECK(is_refused([&] { empty.add_moments(sum, sum); }));
    CHECK(is_refused([&] { empty.scale_moments(1, sum); }));
    CHECK(is_refused([&] { empty.maximise(sum); }));
    CHECK(is_refused([&] { empty.c(); }));
    // And every function that takes a mixture: an empty start is an error, not the absence of a start.
    CHECK(is_refused([&] { gmm::fit_options().start = empty; }));
    CHECK(is_refused([&] { gmm::fit_options().start = empty.c(); }));
    CHECK(is_refused([&] { gmm::stepwise{empty}; }));
    CHECK(is_refused([&] { gmm::scorer<double>{empty}; }));
    CHECK(is_refused([&] { gmm::scorer<float>{empty}; }));
}

void empty_objects()
{
    empty_mixtures(gmm::mixture());
    empty_mixtures(moved_from(model));
    gmm::mixture later;
    later = model;
    CHECK(later.n_components() == 2);

    auto learner = moved_from(gmm::stepwise(model));
    CHECK(is_refused([&] { learner.update(z); }));
    CHECK(is_refused([&] { learner.model(); }));
    CHECK(is_refused([&] { learner.n_updates(); }));
    CHECK(is_refused([] { gmm::stepwise().model(); }));

    const auto tried = moved_from(gmm::sweep(z, {1, 2}, {GMM_COVARIANCE_FULL}));
    CHECK(is_refused([&] { tried.size(); }));
    CHECK(is_refused([&] { tried.best(); }));
    CHECK(is_refused([&] { tried.candidate(0); }));
    CHECK(is_refused([&] { tried.model(0); }));

    const auto detector = moved_from(gmm::detector(z));
    CHECK(is_refused([&] { detector.energies(z); }));
    CHECK(is_refused([&] { detector.attribution(z); }));
    CHECK(is_refused([&] { detector.threshold(); }));
    CHECK(is_refused([&] { detector.n_mixtures(); }));
    CHECK(is_refused([&] { detector.mixture(0); }));
    CHECK(is_refused([&] { detector.c(); }));

    auto scorer = moved_from(gmm::scorer<double>(model));
    gmm::scores<double> wanted;
    CHECK(is_refused([&] { scorer.energy({drawn.data(), 2}); }));
    CHECK(is_refused([&] { scorer.score(z, wanted); }));

    auto running = moved_from(gmm::running(0.5));
    CHECK(is_refused([&] { running.model({}); }));
    CHECK(is_refused([&] { running.n_batches(); }));
    CHECK(is_refused([&] { running.c(); }));
    gmm::training_options training;
    CHECK(is_refused([&] { training.running = running; }));
    CHECK(is_refused([&] { training.running = running.c(); }));

    gmm::threads two(2);
    const gmm::threads taken = std::move(two);
    CHECK(is_refused([&] { two.c(); }));
    CHECK(is_refused([&] { model.energies(z, two); }));
    gmm::cancel token;
    const gmm::cancel kept = std::move(token);
    CHECK(is_refused([&] { token.request(); }));
    CHECK(is_refused([&] { token.reset(); }));
    gmm::fit_options options;
    CHECK(is_refused([&] { options.cancel = token; }));
    CHECK(is_refused([&] { options.cancel = token.c(); }));
    CHECK(is_refused([&] { gmm::detector_options().cancel = token; }));

    static_assert(std::is_copy_constructible_v<gmm::mixture> && std::is_nothrow_move_constructible_v<gmm::mixture>);
    static_assert(!std::is_copy_constructible_v<gmm::stepwise> && !std::is_copy_constructible_v<gmm::scorer<float>>);
    static_assert(!std::is_copy_constructible_v<gmm::running> && std::is_move_assignable_v<gmm::running>);
}

// Options keep the objects that they hold alive.
void lifetimes()
{
    gmm::fit_options options(2);
    {
        const gmm::mixture start = gmm::mixture::create({0.5, 0.5}, {0, 1, 5, 6}, {1, 0, 0, 1, 1, 0, 0, 1});
        gmm::prior prior;
        prior.mean = std::vector<double>{2, 3};
        gmm::cancel token;
        token.request();
        options.start = start, options.prior = prior, options.cancel = token;
    }
    const auto copy = options;
    CHECK(gmm::fit(z, copy).stop == GMM_STOP_CANCELLED);
    gmm::training_options training;
    {
        gmm::running running(0.5);
        training.running = running;
    }
    const std::vector<double> batch = {0, 2}, ones = {1, 1};
    CHECK(gmm::loss(gmm::matrix(batch, 1), gmm::matrix(ones, 1), training).d_z.size() == 2);
}

struct endless {
    std::size_t width;
    std::size_t n_features() const { return width; }
    void rewind() {}
    std::size_t read(std::size_t, double *) { return 0; }
};

void sizes()
{
    for (const std::size_t k : {most, most / 2 + 1, most / 8, std::size_t{1} << 61, std::size_t{1000000000000}}) {
        // Refused because of the number of components, not because of memory for their report.
        std::string said;
        CHECK(status_of([&] { gmm::fit(z, k); }, &said) != GMM_OK && said.find("report") == std::string::npos);
        CHECK(status_of([&] { gmm::from_labels(z, std::vector<std::uint32_t>(200), k); }) != GMM_OK);
        CHECK(status_of([&] { gmm::sweep(z, {k}, {GMM_COVARIANCE_FULL}); }) != GMM_OK);
        gmm::fit_options options(k);
        options.means = drawn;
        CHECK(status_of([&] { gmm::fit(z, options); }) == GMM_INVALID_SHAPE);
        options.max_iter = most;
        CHECK(status_of([&] { gmm::fit(z, options, [](const gmm_progress &) {}); }) == GMM_INVALID_SHAPE);
        // One row, repeated, with fewer components than rows.
        const gmm::matrix<double> many(drawn.data(), k, 2, 0, 1), wide(drawn.data(), 200, k, 2, 0);
        CHECK(status_of([&] { model.responsibilities(gmm::matrix<double>(drawn.data(), most / 8, 2, 0, 1)); }) ==
              GMM_SIZE_OVERFLOW);
        CHECK(status_of([&] { gmm::params(z, gmm::matrix<double>(drawn.data(), 200, most / 8, 2, 0)); }) ==
              GMM_SIZE_OVERFLOW);
        CHECK(status_of([&] { gmm::params(z, many); }) == GMM_INVALID_SHAPE);
        CHECK(status_of([&] { gmm::loss(z, many); }) == GMM_INVALID_SHAPE);
        CHECK(status_of([&] { model.sample(most / 8, 1); }) == GMM_SIZE_OVERFLOW);
    }
    CHECK(status_of([] { gmm::fit(z, -1); }) == GMM_INVALID_ARGUMENT);
    CHECK(status_of([] { gmm::fit(z, 0); }) != GMM_OK);
    endless source{1};
    CHECK(status_of([&] { gmm::fit_stream<double>(source, 2); }) != GMM_OK);
    CHECK(status_of([&] { gmm::mixture::load(std::string("a\0b", 3)); }) == GMM_INVALID_ARGUMENT);
    // A refused draw does not change the labels.
    std::vector<std::uint32_t> labels = {7};
    CHECK(status_of([&] { model.sample(0, 1, &labels); }) == GMM_INVALID_SHAPE && labels.size() == 1);
}

}  // namespace

int main()
{
    options();
    priors();
    scores();
    options_that_were_moved_from();
    empty_objects();
    lifetimes();
    sizes();
    return 0;
}
