// Matrices of Eigen wherever gmm.hpp takes numbers: by columns and by rows, maps with strides, references, blocks,
// columns, rows, diagonals and transposes. The expected results are those of the same numbers in a plain array.
//
// usage: eigen_layouts
#include "check.hpp"

#include <Eigen/Dense>

#include <vector>

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
using AnyMap = Eigen::Map<const Eigen::MatrixXd, 0, Strides>;
using AnyRef = Eigen::Ref<const Eigen::MatrixXd, 0, Strides>;

const std::vector<double> plain_means = {0, 1, 2, 10, 11, 12};
const std::vector<double> plain_covariances = {2, 0.5, 0.1, 0.5, 3, 0.2, 0.1, 0.2, 4, 5, 0, 0, 0, 6, 0.3, 0, 0.3, 7};

std::vector<double> by_rows(const Eigen::MatrixXd &of)
{
    std::vector<double> values;
    for (Eigen::Index i = 0; i < of.rows(); i++) {
        for (Eigen::Index j = 0; j < of.cols(); j++) {
            values.push_back(of(i, j));
        }
    }
    return values;
}

struct {
    Eigen::MatrixXd weights = Eigen::Vector2d(0.25, 0.75);
    Eigen::MatrixXd means = Eigen::Map<const RowMajor>(plain_means.data(), 2, 3);
    Eigen::MatrixXd covariances = Eigen::Map<const RowMajor>(plain_covariances.data(), 6, 3);
} known;

const auto model = gmm::mixture::create({0.25, 0.75}, plain_means, plain_covariances);

void parameters()
{
    using gmm::mixture;
    const auto same = [](const mixture &made) {
        return made.weights() == model.weights() && made.means() == plain_means &&
               made.covariances() == plain_covariances;
    };
    CHECK(same(mixture::create(known.weights, known.means, known.covariances)));
    const RowMajor means_by_rows = known.means, covariances_by_rows = known.covariances;
    CHECK(same(mixture::create(known.weights.transpose(), means_by_rows, covariances_by_rows)));
    const Eigen::MatrixXd turned = known.means.transpose();
    CHECK(same(mixture::create(known.weights, turned.transpose(), known.covariances)));
    // Transposed means have the right number of elements but the wrong shape.
    CHECK(status_of([&] { mixture::create(known.weights, turned, known.covariances); }) == GMM_INVALID_SHAPE);

    Eigen::MatrixXd wide = Eigen::MatrixXd::Constant(9, 9, -1);
    wide.block(1, 2, 2, 3) = known.means;
    CHECK(same(mixture::create(known.weights, wide.block(1, 2, 2, 3), known.covariances)));
    const AnyRef reference(wide.block(1, 2, 2, 3));
    CHECK(same(mixture::create(known.weights, reference, known.covariances)));
    const AnyMap map(&wide(1, 2), 2, 3, Strides(9, 1));
    CHECK(same(mixture::create(known.weights, map, known.covariances)));
    wide.block(3, 0, 6, 3) = known.covariances;
    CHECK(same(mixture::create(known.weights, known.means, wide.bottomLeftCorner(6, 3))));

    Eigen::MatrixXd table = Eigen::MatrixXd::Zero(2, 2);
    table.row(1) << 0.25, 0.75;
    CHECK(same(mixture::create(table.row(1), known.means, known.covariances)));
    table.diagonal() << 0.25, 0.75;
    CHECK(same(mixture::create(table.diagonal(), known.means, known.covariances)));
    CHECK(same(mixture::create(known.weights.array(), known.means.array(), known.covariances)));
    CHECK(same(mixture::create((known.weights * 2 / 2).eval(), known.means, known.covariances)));
    const Eigen::Map<const Eigen::VectorXd> flat(plain_means.data(), 6);
    CHECK(same(mixture::create(known.weights, flat, known.covariances)));
    const Eigen::Matrix<double, 2, 3> fixed = known.means;
    CHECK(same(mixture::create(Eigen::Vector2d(0.25, 0.75), fixed, known.covariances)));

    // One matrix, or vector, for each component.
    const std::vector<Eigen::MatrixXd> matrices = {known.covariances.topRows(3), known.covariances.bottomRows(3)};
    const std::vector<Eigen::RowVectorXd> vectors = {known.means.row(0), known.means.row(1)};
    CHECK(same(mixture::create(known.weights, vectors, matrices)));
    const std::array<Eigen::Matrix3d, 2> fixed_matrices = {matrices[0], matrices[1]};
    CHECK(same(mixture::create(known.weights, known.means, fixed_matrices)));

    Eigen::MatrixXd precisions(6, 3);
    precisions << matrices[0].inverse(), matrices[1].inverse();
    precisions.topRows(3) = (precisions.topRows(3) + precisions.topRows(3).transpose()).eval() / 2;
    precisions.bottomRows(3) = (precisions.bottomRows(3) + precisions.bottomRows(3).transpose()).eval() / 2;
    const auto inverted = mixture::create_from_precisions(known.weights, known.means, precisions);
    CHECK((Eigen::Map<const Eigen::VectorXd>(inverted.covariances().data(), 18) -
           Eigen::Map<const Eigen::VectorXd>(plain_covariances.data(), 18))
              .norm() < 1e-12);
}

void samples()
{
    const Eigen::MatrixXd columns = Eigen::MatrixXd::Random(50, 3) * 5;
    const RowMajor rows = columns;
    const auto plain = by_rows(columns);
    const auto wanted = model.energies(gmm::matrix(plain, 3));
    CHECK(model.energies(columns) == wanted && model.energies(rows) == wanted);
    const Eigen::MatrixXd turned = columns.transpose();
    CHECK(model.energies(turned.transpose()) == wanted);
    Eigen::MatrixXd wide(60, 7);
    wide.block(3, 2, 50, 3) = columns;
    CHECK(model.energies(wide.block(3, 2, 50, 3)) == wanted);
    CHECK(model.energies(wide.middleRows(3, 50).middleCols(2, 3)) == wanted);
    CHECK(model.energies(AnyMap(&wide(3, 2), 50, 3, Strides(60, 1))) == wanted);
    CHECK(model.energies(AnyRef(wide.block(3, 2, 50, 3))) == wanted);
    CHECK(model.energies((columns + columns).eval() / 2 == columns ? columns : turned) == wanted);
    CHECK(model.energies(gmm::matrix(columns)) == wanted && gmm::matrix(columns).rows() == 50);
    const Eigen::MatrixXd every = AnyMap(plain.data(), 25, 3, Strides(1, 6));
    CHECK(model.energies(AnyMap(plain.data(), 25, 3, Strides(1, 6)))[1] == wanted[2]);
    CHECK(model.energies(every)[1] == wanted[2]);

    gmm::scorer<double> scorer(model, 50);
    for (Eigen::Index n = 0; n < 50; n++) {
        const double energy = wanted[static_cast<std::size_t>(n)];
        CHECK(scorer.energy(columns.row(n)) == energy && scorer.energy(rows.row(n)) == energy);
        CHECK(scorer.energy(turned.col(n)) == energy && scorer.energy(wide.row(n + 3).segment(2, 3)) == energy);
        CHECK(scorer.energy(columns.row(n).transpose().eval()) == energy);
    }
    gmm::scores<double> into;
    Eigen::VectorXd energies(50);
    into.energies = energies;
    scorer.score(columns, into);
    CHECK(by_rows(energies) == wanted);
    const Eigen::MatrixXf floats = columns.cast<float>();
    CHECK(model.energies(floats).size() == 50);
    const Eigen::VectorXd one = columns.col(0);
    CHECK(gmm::mixture::create({1.0}, {0.0}, {1.0}).energies(one) ==
          gmm::mixture::create({1.0}, {0.0}, {1.0}).energies(gmm::matrix(by_rows(one), 1)));
    // A column of a row-major matrix, as rows of one and of two.
    const gmm::matrix strip(rows.col(1), 2);
    CHECK(strip.rows() == 25 && strip.row_stride() == 6 && strip.col_stride() == 3);
}

void weights()
{
    const Eigen::MatrixXd z = Eigen::MatrixXd::Random(20, 3);
    RowMajor table = RowMajor::Constant(20, 2, 1e9);
    for (Eigen::Index n = 0; n < 20; n++) {
        table(n, 0) = 1 + 0.1 * static_cast<double>(n);
    }
    const std::vector<double> plain = by_rows(table.col(0));
    CHECK(model.criteria(z, table.col(0)).bic == model.criteria(z, plain).bic);
    CHECK(model.moments(z, table.col(0)) == model.moments(z, plain));
    gmm::stepwise one(model), other(model);
    CHECK(one.update(z, table.col(0)) == other.update(z, plain));
    CHECK(one.model().means() == other.model().means());

    gmm::fit_options options(2), same(2);
    options.means = known.means, same.means = plain_means;
    options.covariances = known.covariances, same.covariances = plain_covariances;
    options.weights = known.weights.transpose(), same.weights = {0.25, 0.75};
    options.sample_weights = table.col(0), same.sample_weights = plain;
    gmm::prior prior;
    prior.mean = z.row(0), prior.covariance = known.covariances.topRows(3);
    options.prior = prior;
    prior.mean = by_rows(z.row(0)), prior.covariance = by_rows(known.covariances.topRows(3));
    same.prior = prior;
    CHECK(gmm::fit(z, options).model.means() == gmm::fit(z, same).model.means());
    options.covariance_type = same.covariance_type = GMM_COVARIANCE_DIAG;
    const RowMajor variances = known.covariances.topRows(2).cwiseAbs();
    options.prior = nullptr, same.prior = nullptr;
    options.covariances = Eigen::MatrixXd(variances), same.covariances = by_rows(variances);
    CHECK(gmm::fit(z, options).model.means() == gmm::fit(z, same).model.means());

    gmm::detector_options outliers, plain_outliers;
    outliers.sample_weights = table.col(0), plain_outliers.sample_weights = plain;
    CHECK(gmm::detector(z, outliers).threshold() == gmm::detector(z, plain_outliers).threshold());

    CHECK(gmm::threshold_by_percentile(table.col(0), 50) == gmm::threshold_by_percentile(plain, 50));
    CHECK(gmm::threshold_by_contamination(table.col(0), 0.1) == gmm::threshold_by_contamination(plain, 0.1));

    Eigen::Matrix<std::uint32_t, Eigen::Dynamic, 2, Eigen::RowMajor> labels(20, 2);
    std::vector<std::uint32_t> plain_labels;
    for (Eigen::Index n = 0; n < 20; n++) {
        labels(n, 0) = static_cast<std::uint32_t>(n % 2), labels(n, 1) = 77;
        plain_labels.push_back(labels(n, 0));
    }
    CHECK(gmm::from_labels(z, labels.col(0), 2).means() == gmm::from_labels(z, plain_labels, 2).means());
    const RowMajor shares = Eigen::MatrixXd::Constant(20, 2, 0.5);
    const Eigen::MatrixXd shares_by_columns = shares;
    CHECK(gmm::params(z, shares).mu == gmm::params(z, shares_by_columns).mu);
    CHECK(gmm::from_responsibilities(z, shares, 2).means() ==
          gmm::from_responsibilities(z, shares_by_columns, 2).means());
    CHECK(gmm::loss(z, shares).loss == gmm::loss(RowMajor(z), shares_by_columns).loss);
}

void outputs()
{
    const Eigen::MatrixXd z = Eigen::MatrixXd::Random(20, 3);
    const auto wanted = model.responsibilities(z);
    gmm::scores<double> into;
    RowMajor by_row(20, 2), table = RowMajor::Zero(20, 2);
    into.responsibilities = by_row;
    model.score(z, into);
    CHECK(by_rows(by_row) == wanted);
    // An output that is column-major or has gaps is refused, and not changed.
    Eigen::MatrixXd by_column = Eigen::MatrixXd::Zero(20, 2);
    CHECK(status_of([&] { into.responsibilities = by_column; }) == GMM_INVALID_SHAPE);
    CHECK(status_of([&] { into.energies = table.col(0); }) == GMM_INVALID_SHAPE);
    CHECK(by_column.isZero() && table.isZero());
    into.energies = by_column.col(1);
    model.score(z, into);
    CHECK(by_rows(by_column.col(1)) == model.energies(z) && by_column.col(0).isZero());

    auto sum = model.moments(z);
    RowMajor sums(static_cast<Eigen::Index>(sum.size()), 2);
    sums.col(0) = Eigen::Map<const Eigen::VectorXd>(sum.data(), sums.rows());
    sums.col(1).setZero();
    CHECK(model.maximise(sums.col(0)).means() == model.maximise(sum).means());
    CHECK(status_of([&] { model.add_moments(sum, sums.col(1)); }) == GMM_INVALID_SHAPE && sums.col(1).isZero());
    CHECK(status_of([&] { model.scale_moments(2, sums.col(0)); }) == GMM_INVALID_SHAPE);
    Eigen::VectorXd all = Eigen::VectorXd::Zero(sums.rows());
    model.add_moments(sums.col(0), all);
    CHECK(by_rows(all) == sum);
}

}  // namespace

int main()
{
    parameters();
    samples();
    weights();
    outputs();
    return 0;
}
