// Every part of gmm.hpp against values known by hand, or against another part.
//
// usage: everything FOLDER (to write a model file in)
#include <gmm.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            std::fprintf(stderr, "line %d: %s\n", __LINE__, #condition);              \
            std::exit(1);                                                             \
        }                                                                             \
    } while (0)

namespace {

bool close(double got, double wanted)
{
    return std::abs(got - wanted) <= 1e-12 * (1 + std::abs(wanted));
}

// The status that `call` is refused with.
template <class F>
gmm_status status_of(F &&call)
{
    try {
        call();
    } catch (const gmm::error &refused) {
        CHECK(std::string(refused.what()).size() > 5);
        return refused.status();
    }
    return GMM_OK;
}

const std::vector<double> groups = {0, 1, 10, 11, 0, 1, 10, 11};

void mixtures()
{
    const double half_log_tau = 0.5 * std::log(2 * std::acos(-1.0));
    const std::array<double, 1> one = {1};
    const auto model = gmm::mixture::create(one, std::vector<double>{3, 5}, std::vector<double>{1, 0, 0, 4});
    CHECK(model.n_components() == 1 && model.n_features() == 2 && model.covariance_type() == GMM_COVARIANCE_FULL);
    CHECK(model.weights()[0] == 1 && model.means()[1] == 5 && model.covariances()[3] == 4);
    const auto round = gmm::mixture::create_with_type(GMM_COVARIANCE_SPHERICAL, one, std::vector<double>{3, 5},
                                                      std::vector<double>{4});
    CHECK(round.covariances() == std::vector<double>{4} && round.dense_covariances()[3] == 4 && round.cholesky()[3] == 2);
    CHECK(gmm::mixture::from_bytes(round.to_bytes()).to_bytes() == round.to_bytes());
    CHECK(gmm::mixture::create_from_factors(GMM_COVARIANCE_SPHERICAL, one, std::vector<double>{3, 5},
                                            std::vector<double>{4}, std::vector<double>{2}).to_bytes() == round.to_bytes());
    CHECK(gmm::mixture::create_from_precisions(one, std::vector<double>{3, 5}, std::vector<double>{0.25},
                                               GMM_COVARIANCE_SPHERICAL).cholesky()[0] == 2);
    CHECK(gmm::threshold_by_contamination(std::vector<double>{1, 2, 3}, 0.5, std::vector<double>{1, 1, 2}) == 2);
    CHECK(model.covariances() == model.dense_covariances() && model.cholesky()[3] == 2 && model.precisions_cholesky()[3] == 0.5);
    CHECK(close(model.log_dets()[0], std::log(4.0)) && model.n_parameters() == 5);

    // The same sample by rows, by columns, and as part of a larger matrix.
    const double z[] = {3, 7, 0, 0};
    const gmm::matrix<double> row(z, 1, 2), column(z, 1, 2, 1, 1), wide(z, 1, 2, 4, 1);
    for (const auto &samples : {row, column, wide}) {
        CHECK(close(model.energies(samples)[0], 2 * half_log_tau + std::log(2.0) + 0.5));
    }
    CHECK(model.squared_mahalanobis(row)[0] == 1 && model.responsibilities(row)[0] == 1 && model.labels(row)[0] == 0);
    CHECK(model.attribution(row)[0] == 0 && model.attribution(row)[1] == 0.5);
    const float floats[] = {3, 7};
    CHECK(std::abs(model.energies(gmm::matrix<float>(floats, 1, 2))[0] - model.energies(row)[0]) < 1e-6);

    const auto same = gmm::mixture::create_from_precisions(one, std::vector<double>{3, 5},
                                                           std::vector<double>{1, 0, 0, 0.25});
    CHECK(same.energies(row) == model.energies(row));
    const auto copy = model;
    CHECK(copy.c() == model.c());

    std::vector<std::uint32_t> labels;
    const auto drawn = model.sample(5, 7, &labels);
    CHECK(drawn.size() == 10 && labels == std::vector<std::uint32_t>(5));
    CHECK(model.sample(2, 7, nullptr, 3) == std::vector<double>(drawn.begin() + 6, drawn.end()));
    CHECK(std::abs(model.sample<float>(1, 7)[0] - drawn[0]) < 1e-6);

    gmm::scores<double> wanted;
    double mean = 0;
    wanted.mean_energy = &mean;
    model.score(row, wanted, gmm::threads(2));
    CHECK(mean == model.energies(row)[0]);
    gmm::scorer<double> scorer(model);
    CHECK(scorer.energy({z, 2}) == mean);

    const auto worth = model.criteria(row);
    CHECK(worth.n_parameters == 5 && close(worth.aic, 10 + 2 * mean));
    const std::array<double, 1> twice = {2};
    CHECK(close(model.criteria(row, twice).log_likelihood, -2 * mean));

    CHECK(status_of([&] { model.energies(gmm::matrix<double>(z, 1, 3)); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::mixture::create(one, one, std::vector<double>{1, 2}); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::mixture::create(one, one, std::vector<double>{-1}); }) == GMM_NOT_POSITIVE_DEFINITE);
    CHECK(status_of([&] { gmm::matrix<double>(groups, 3); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { model.criteria(row, groups); }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { gmm::mixture::load("no such file"); }) == GMM_IO);
}

void fits(const std::string &folder)
{
    const gmm::matrix<double> samples(groups, 1);
    gmm::fit_options options(2);
    options.tol = 1e-9;
    const auto done = gmm::fit(samples, options);
    CHECK(done.converged && done.stop == GMM_STOP_CONVERGED && done.n_iter == done.lower_bounds.size());
    CHECK(done.lower_bounds.back() == done.lower_bound && done.n_swaps == 0 && done.restart == 0);
    CHECK(done.effective_counts.size() == 2 && std::abs(done.effective_counts[0] - 4) < 1e-6);
    CHECK(done.conditions[0] == 1 && done.ridges[0] == 1e-6 && done.held_by_ridge[0] == 0 && done.repairs.empty());
    const auto means = done.model.means();
    CHECK(std::abs((std::min)(means[0], means[1]) - 0.5) < 1e-6);

    done.model.save(folder + "/model");
    CHECK(gmm::mixture::load(folder + "/model").energies(samples) == done.model.energies(samples));

    // Metadata; names with quotes, line feeds, and characters of two and of four bytes.
    const std::vector<std::string> names = {"h\"\\\n\xc3\xb6\xf0\x9f\x98\x80"};
    gmm::save(done.model, folder + "/named", names, {{"threshold", "1.5"}, {"empty", ""}});
    CHECK(gmm::load_feature_names(folder + "/named") == names);
    const gmm::metadata text = gmm::load_metadata(folder + "/named");
    CHECK(text.size() == 3 && text.at("threshold") == "1.5" && text.at("empty").empty());
    CHECK(gmm::mixture::load(folder + "/named").means() == done.model.means());
    CHECK(gmm::load_metadata(folder + "/model").empty() && gmm::load_feature_names(folder + "/model").empty());
    CHECK(status_of([&] { gmm::save(done.model, folder + "/no", gmm::metadata{{"gmm", "1"}}); }) ==
          GMM_INVALID_ARGUMENT);
    CHECK(status_of([&] { gmm::load_metadata(folder + "/no"); }) == GMM_IO);
    CHECK(status_of([&] { gmm::save(done.model, folder + "/no", names, {{"a", std::string("b\0c", 3)}}); }) ==
          GMM_INVALID_ARGUMENT);
    gmm::save(done.model, folder + "/escaped", gmm::metadata{{"feature_names", "[ \"\\u00f6\\ud83d\\ude00\\t\" ]"}});
    CHECK(gmm::load_feature_names(folder + "/escaped") == std::vector<std::string>{"\xc3\xb6\xf0\x9f\x98\x80\t"});

    // A progress function may end the fit, and its exception is rethrown.
    std::size_t seen = 0;
    options.tol = 0;
    const auto ended = gmm::fit(samples, options, [&](const gmm_progress &step) { return (seen = step.iteration) < 3; });
    CHECK(ended.stop == GMM_STOP_CANCELLED && ended.n_iter == 3 && seen == 3);
    bool arrived = false;
    try {
        gmm::fit(samples, options, [](const gmm_progress &) -> bool { throw std::runtime_error("mine"); });
    } catch (const std::runtime_error &thrown) {
        arrived = std::string(thrown.what()) == "mine";
    }
    CHECK(arrived);
    gmm::cancel token;
    token.request();
    options.cancel = token.c();
    CHECK(gmm::fit(samples, options).n_iter == 1);
    token.reset();

    // Starts.
    const std::vector<std::uint32_t> labels = {0, 0, 1, 1, 0, 0, 1, 1};
    gmm::fit_options from(2);
    const auto start = gmm::from_labels(samples, labels, from);
    CHECK(close(start.means()[0], 0.5) && close(start.means()[1], 10.5));
    std::vector<double> shares;
    for (auto label : labels) {
        shares.push_back(label == 0), shares.push_back(label == 1);
    }
    CHECK(gmm::from_responsibilities(samples, gmm::matrix<double>(shares, 2), from).means() == start.means());
    from.start = start.c();
    CHECK(std::abs(gmm::fit(samples, from).model.means()[0] - 0.5) < 1e-6);
    gmm::prior weak;
    gmm::fit_options plausible(2);
    plausible.prior = &weak;
    CHECK(gmm::fit(samples, plausible).model.n_components() == 2);
    CHECK(status_of([&] { gmm::fit(samples, gmm::fit_options(9)); }) == GMM_INVALID_ARGUMENT);
    CHECK(status_of([&] { gmm::from_labels(samples, gmm::span<const std::uint32_t>(), from); }) == GMM_INVALID_SHAPE);

    // One step of EM from moments in two parts equals the step from all samples.
    const gmm::matrix<double> head(groups.data(), 3, 1), tail(groups.data() + 3, 5, 1);
    auto sum = start.moments(head);
    start.add_moments(start.moments(tail), sum);
    start.scale_moments(0.5, sum);
    CHECK(status_of([&] { start.add_moments({sum.data(), sum.size() - 1}, sum); }) == GMM_INVALID_SHAPE);
    const auto stepped = start.maximise(sum);
    CHECK(close(stepped.means()[0], start.maximise(start.moments(samples)).means()[0]));

    gmm::stepwise learner(start);
    const double mean = learner.update(samples);
    CHECK(close(mean, start.criteria(samples).log_likelihood / 8) && learner.n_updates() == 1);
    CHECK(learner.model().n_components() == 2);

    const std::array<std::size_t, 3> ks = {1, 2, 9};
    const std::array<gmm_covariance_type, 1> diag = {GMM_COVARIANCE_DIAG};
    const gmm::sweep tried(samples, ks, diag, GMM_CRITERION_AIC);
    CHECK(tried.size() == 3 && tried.best() == 1 && tried.candidate(1).n_components == 2);
    CHECK(tried.model(1).covariance_type() == GMM_COVARIANCE_DIAG);
    CHECK(status_of([&] { tried.model(2); }) == GMM_INVALID_ARGUMENT);
}

void training()
{
    // One component, mean 1 and variance 1: the sum of inverse variances is 1, with the gradient of a variance.
    const std::vector<double> batch = {0, 2}, ones = {1, 1};
    gmm::training_options options;
    options.w_energy = 0, options.w_cov_diag = 1;
    const gmm::matrix<double> z(batch, 1), gamma(ones, 1);
    const auto got = gmm::loss(z, gamma, options);
    CHECK(got.loss == 1 && got.cov_diag == 1 && got.d_z[0] == 1 && got.d_z[1] == -1 && got.d_gamma[0] == 0);
    gmm::running remembered(0.5);
    CHECK(status_of([&] { remembered.model(options); }) == GMM_INVALID_ARGUMENT);
    options.running = remembered.c();
    CHECK(gmm::loss(z, gamma, options).loss == 1);
    const std::vector<double> later = {4, 6};
    gmm::loss(gmm::matrix<double>(later, 1), gamma, options);
    CHECK(remembered.n_batches() == 2 && close(remembered.model(options).means()[0], 3));
    const std::vector<double> nobody = {0, 0};
    CHECK(status_of([&] { gmm::loss(z, gmm::matrix<double>(nobody, 1)); }) == GMM_EMPTY_COMPONENT);
}

// Rows of `groups`, three at a time; fails at row `broken`.
struct source {
    std::size_t next = 0, broken = (std::numeric_limits<std::size_t>::max)();

    std::size_t n_features() const { return 1; }
    void rewind() { next = 0; }
    std::size_t read(std::size_t max_rows, double *rows)
    {
        std::size_t n = (std::min)({max_rows, std::size_t{3}, groups.size() - next});
        for (std::size_t i = 0; i < n; i++) {
            if (next == broken) {
                throw std::runtime_error("broken");
            }
            rows[i] = groups[next++];
        }
        return n;
    }
};

void streams()
{
    source whole;
    const gmm::fit_options options(2);
    const auto streamed = gmm::fit_stream<double>(whole, options);
    const auto held = gmm::fit(gmm::matrix<double>(groups, 1), options);
    CHECK(close(streamed.model.means()[0], held.model.means()[0]) && streamed.n_iter == held.n_iter);
    source broken;
    broken.broken = 5;
    bool arrived = false;
    try {
        gmm::fit_stream<double>(broken, options);
    } catch (const std::runtime_error &thrown) {
        arrived = std::string(thrown.what()) == "broken";
    }
    CHECK(arrived);
}

void outliers()
{
    std::vector<double> rows;
    for (int i = 0; i < 60; i++) {
        rows.push_back(i % 2 * 10 + i * 7 % 11 * 0.1);
    }
    rows.insert(rows.end(), {5, 5.001, 5.002});
    const gmm::matrix<double> samples(rows, 1);
    gmm::detector_options options;
    options.contamination = 0.05;
    const gmm::detector detector(samples, options);
    const auto energies = detector.energies(samples);
    for (std::size_t n = 0; n < rows.size(); n++) {
        CHECK((energies[n] > detector.threshold()) == (n >= 60));
    }
    CHECK(detector.threshold() == gmm::threshold_by_contamination(energies, 0.05));
    CHECK(gmm::threshold_by_percentile(std::vector<double>{3, 1, 2, 10}, 50) == 2.5);
    CHECK(gmm::threshold_by_percentile(std::vector<float>{3, 1, 2, 10}, 100) == 10);
    CHECK(detector.n_mixtures() == 4 && detector.mixture(0).n_components() == 1);
    CHECK(detector.attribution(samples)[60] > 0);
    CHECK(status_of([&] { detector.mixture(4); }) == GMM_INVALID_ARGUMENT);
}

void layers()
{
    const std::vector<float> z = {0, 2}, gamma = {1, 1};
    const auto found = gmm::params(gmm::matrix<float>(z, 1), gmm::matrix<float>(gamma, 1), 0.0f);
    CHECK(found.phi[0] == 1 && found.mu[0] == 1 && found.cov[0] == 1 && found.chol[0] == 1 && found.log_det[0] == 0);
    const auto scored = gmm::energy(gmm::matrix<float>(z, 1), found);
    CHECK(std::abs(scored.mean_energy - 1.41893853f) < 1e-6f && scored.cov_diag == 1);
    CHECK(scored.sample_energy[0] == scored.sample_energy[1]);
    CHECK(status_of([&] { gmm::energy(gmm::matrix<float>(z, 2), found); }) == GMM_INVALID_SHAPE);
}

}  // namespace

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    mixtures();
    fits(argv[1]);
    training();
    streams();
    outliers();
    layers();
    return 0;
}
