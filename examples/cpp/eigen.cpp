/* Samples in matrices of Eigen: gmm.hpp reads them where they are, by rows, by columns, or as blocks.
 *
 *     c++ -std=c++17 -I include -I /usr/include/eigen3 examples/cpp/eigen.cpp -L target/release -lgmm \
 *         -Wl,-rpath,$PWD/target/release -o eigen && ./eigen
 */

#include <gmm.hpp>

#include <Eigen/Dense>

#include <iostream>

int main()
{
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    try {
        // Two clouds of 200 points, at (0, 0) and at (8, 8).
        const auto around = gmm::mixture::create(std::array{0.5, 0.5}, std::array{0.0, 0.0, 8.0, 8.0},
                                                 std::array{1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0});
        const std::vector<double> drawn = around.sample(400, 1);
        const Eigen::MatrixXd columns = Eigen::Map<const RowMajor>(drawn.data(), 400, 2);
        const RowMajor rows = columns;
        Eigen::MatrixXd wide = Eigen::MatrixXd::Zero(401, 5);
        wide.block(1, 2, 400, 2) = columns;

        const gmm::fitted fitted = gmm::fit(columns, gmm::fit_options(2));
        const std::vector<double> means = fitted.model.means();
        std::cout << "means\n" << Eigen::Map<const RowMajor>(means.data(), 2, 2) << "\n";

        const std::vector<double> energies = fitted.model.energies(columns);
        const Eigen::Block<const Eigen::MatrixXd> block = std::as_const(wide).block(1, 2, 400, 2);
        if (fitted.model.energies(rows) == energies && fitted.model.energies(block) == energies) {
            std::cout << "rows, columns and blocks agree\n";
        }
        Eigen::Index farthest;
        Eigen::Map<const Eigen::VectorXd>(energies.data(), 400).maxCoeff(&farthest);
        std::cout << "the least likely point: " << columns.row(farthest) << "\n";
    } catch (const gmm::error &refused) {
        std::cerr << "gmm: " << refused.what() << "\n";
        return 1;
    }
}
