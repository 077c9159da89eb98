/* gmm.hpp: gmm.h for C++17. Handles free themselves, refusals are exceptions, and samples may be any container or
 * matrix that describes its memory.
 *
 *     gmm::fit_options options(3);
 *     gmm::fitted fitted = gmm::fit(samples, options);          // an Eigen matrix, or
 *     auto energies = fitted.model.energies(gmm::matrix<double>(data, n, d));
 *
 * This header computes nothing: every function is one call of the C ABI, and gmm.h documents its inputs, outputs
 * and refusals. Conventions and promises: docs/abi.md. Needs only C++17 and the C library.
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
