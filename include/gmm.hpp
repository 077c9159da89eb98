/* gmm.hpp: gmm.h for C++17. Handles free themselves, refusals are thrown, samples are what you have.
 *
 *     gmm::fit_options options(3);
 *     gmm::fitted fitted = gmm::fit(samples, options);          // an Eigen matrix, or
 *     auto energies = fitted.model.energies(gmm::matrix<double>(data, n, d));
 *
 * Nothing here computes: every function is one call of the C ABI, whose header says what it takes, gives and
 * refuses. Conventions and promises: docs/abi.md. Needs C++17 and the C library, and nothing else.
 */
#ifndef GMM_HPP
#define GMM_HPP

#include "gmm/estimate.hpp"
#include "gmm/fit.hpp"
#include "gmm/mixture.hpp"
#include "gmm/model_file.hpp"
#include "gmm/outliers.hpp"
#include "gmm/scorer.hpp"
#include "gmm/training.hpp"

#endif
