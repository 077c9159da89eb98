//! No change of the code may move a result: hashes of fits, scores and gradients, for each type and each vector width.
//!
//! [`RECORDED`] has one hash for each case, sample type and instruction set. The hash covers every bit of every number
//! that the case returns. The test runs this program again with `GMM_ISA` set, because a process chooses its vectors
//! once. Each case runs on one and on three threads and must give the same hash.
//!
//! A change that moves results on purpose records new hashes and says why in its commit:
//!
//! ```sh
//! GMM_ISA=avx2 cargo test -p gmm-tests --test bits -- --ignored --exact hashes --nocapture
//! ```
//!
//! What a hash may depend on, beside the instruction set:
//!
//! - The C library's `log` and `pow`: logarithms of weights and determinants come from there (log-sum-exp has its own
//!   exponential and logarithm). The hashes are those of glibc on x86-64, so the test runs nowhere else. A version of
//!   glibc whose `log` rounds some argument differently could change a hash; none has been seen.
//! - faer's Cholesky factorisation, which factors matrices of nine features and more and chooses its vectors by the
//!   processor, not by `GMM_ISA`. Cases that use it are marked and checked only on machines with AVX-512, where the
//!   hashes were recorded.
#![cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]

use std::collections::HashMap;
use std::process::Command;

use gmm_core::{
    CovarianceType, EnergyCotangents, EnergyGradients, Fit, FitOptions, Gradients, Loss, LossOptions,
    Mixture, ParamsOptions, Real, Responsibilities, Samples, Scores, Stepwise, StepwiseOptions, Threads,
    energy_vjp, fit, hessian_vector_products, loss, params_with, score, score_function,
};
use gmm_kernels::{Isa, available};

/// Cases whose covariances faer factors.
const FACTORED_BY_FAER: [&str; 3] = ["estimate-20", "estimate-70", "fit-pruned"];

/// Hashes of each case: portable, avx2, avx512.
const RECORDED: &[(&str, [u64; 3])] = &[
    ("scores-3 f64", [0x5478_1138_CCFD_DE8B, 0xD33C_47B7_D9DD_A170, 0xD33C_47B7_D9DD_A170]),
    ("scores-13 f64", [0xE8BA_200D_445B_5155, 0xAE0B_0D54_B1CE_B18C, 0xAE0B_0D54_B1CE_B18C]),
    ("scores-33 f64", [0x0F73_1B5A_81B5_CF9B, 0x1D71_C313_C8C9_F47A, 0x1D71_C313_C8C9_F47A]),
    ("estimate-3 f64", [0xE389_239C_740E_5A74, 0xADB2_0AB7_0FFF_A043, 0xA560_7126_8A92_1FEF]),
    ("estimate-8 f64", [0xFEEE_FF73_8DEE_4481, 0x17DB_6813_F87E_140B, 0xDE99_65D1_6B61_FA5A]),
    ("estimate-20 f64", [0x6D81_081A_EE25_7007, 0x8128_AC12_DA3B_F9A4, 0xBEEB_0959_052B_A593]),
    ("estimate-70 f64", [0xE58E_8AB7_B3A6_122B, 0xD6A3_62C5_5126_A2BB, 0x63BE_6D6E_BC89_1490]),
    ("fit-full f64", [0x433C_71A6_19D1_9A58, 0x0FD0_52EE_D524_023A, 0x6FBF_64A7_B1E9_2DCD]),
    ("fit-searched f64", [0x5C09_D2DD_7510_57C1, 0x14C9_BE09_2EBC_1C0E, 0xCE9F_0089_ACA1_6AD8]),
    ("fit-tied f64", [0xEB02_7603_EE59_DE16, 0x5D71_0856_28E3_E676, 0xFBFC_1277_F986_76E5]),
    ("fit-diag f64", [0x199F_5887_7A46_738D, 0x49C4_EFD5_FF79_4550, 0x0FF9_C094_8DB1_DF21]),
    ("fit-spherical f64", [0x81BC_00D5_3A6E_3DEB, 0x00F9_95AB_A872_1E8E, 0xFF39_4D1B_ABAE_9B34]),
    ("fit-pruned f64", [0xE06B_56F5_8527_927B, 0x6CDD_22C9_B0C4_7636, 0x4B9A_8095_727E_88D4]),
    ("stepwise f64", [0xE67D_2A1F_1FFD_0A5D, 0xAB5E_D790_E366_461B, 0x4E0A_3D97_D9D0_0B1C]),
    ("gradients-of-loss f64", [0x0007_0F21_C0BD_7114, 0xE3E9_2310_6E2A_6C63, 0x2A07_D836_590D_4B6F]),
    ("gradients-of-energies f64", [0xDEE1_B67B_685D_269B, 0x8689_7E55_CC0D_7A3E, 0xD12C_722A_C452_6187]),
    ("scores-3 f32", [0x620E_1F50_DAC2_0328, 0xC29D_F4CE_733B_4371, 0xC29D_F4CE_733B_4371]),
    ("scores-13 f32", [0x0643_CCFE_CF64_61C0, 0x24FD_C4FC_25A0_4374, 0x24FD_C4FC_25A0_4374]),
    ("scores-33 f32", [0xC163_689B_61B4_A566, 0x9737_6A6D_6E15_C007, 0x9737_6A6D_6E15_C007]),
    ("estimate-3 f32", [0x91AF_56B2_FD5F_6042, 0x3714_1913_4B3C_3DBC, 0x3DB4_0FE2_6ADF_8170]),
    ("estimate-8 f32", [0xD79F_3727_8C4D_0A9A, 0x5CE5_771C_55A8_058F, 0x92B8_80DF_7526_6FE7]),
    ("estimate-20 f32", [0x43A7_0A55_3A1C_CC57, 0x5DCB_CCF2_7F02_1695, 0x9907_D4A3_935F_6FE8]),
    ("estimate-70 f32", [0x05D0_460C_9FA3_87A5, 0x7D88_A5FD_296F_ECEE, 0x7D88_A5FD_296F_ECEE]),
    ("fit-full f32", [0xC157_73B3_BAE0_49ED, 0x318E_5339_636F_154A, 0x613B_A0BE_9FCD_E505]),
    ("fit-searched f32", [0x6184_49E1_7439_B984, 0x7E7A_67BB_D1A9_F91C, 0x3B18_85C2_6998_709D]),
    ("fit-tied f32", [0x851A_B165_BFC1_1ADE, 0xC236_BDBC_3B09_4492, 0x5330_7B04_634D_D3C3]),
    ("fit-diag f32", [0x99D1_2209_71AD_12FC, 0x8864_A59F_6202_FD18, 0xEAA7_9E24_138F_025E]),
    ("fit-spherical f32", [0xCFC7_7A4F_4D0C_F26F, 0x6C4D_0F34_D755_7AC1, 0xCC9A_0264_F4A4_C413]),
    ("fit-pruned f32", [0xB402_D02E_E2CE_804A, 0xB9B5_D792_89D8_511C, 0x6E19_62E4_E217_4972]),
    ("stepwise f32", [0x41D5_75B8_A0EF_C902, 0xC4AB_29E8_43CC_9B48, 0x11F1_BD6C_99E7_EF86]),
    ("gradients-of-loss f32", [0xF3C8_4E1B_DCDD_B77F, 0x2BE4_A842_EB66_21F0, 0x4696_8D25_F85A_C227]),
    ("gradients-of-energies f32", [0x42B5_0F71_D603_1CC6, 0x1327_B82D_6900_5198, 0x2FC4_380B_1C35_3198]),
];

/// FNV-1a over the bits of numbers.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Hash(0xCBF2_9CE4_8422_2325)
    }

    fn add<T: Real>(&mut self, values: &[T]) {
        for value in values {
            // Exact for both types.
            for byte in value.to_f64().to_bits().to_le_bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
            }
        }
    }

    fn add_mixture(&mut self, mixture: &Mixture) {
        self.add(mixture.weights());
        self.add(mixture.means());
        self.add(mixture.covariances().values());
        self.add(mixture.covariances().cholesky());
    }
}

/// Numbers in [-1, 1) from integers alone, so that inputs depend on no library.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 23) as f64 - 1.0
    }

    /// About normal, of variance 1: twelve numbers of variance 1/3, halved.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() / 2.0
    }
}

/// n samples (n × d) around k centres that are about `apart` from each other, in turn.
fn groups<T: Real>(n: usize, d: usize, k: usize, apart: f64) -> Vec<T> {
    let mut draws = Draws((n * 1000 + d * 10 + k) as u64);
    let centres: Vec<f64> = (0..k * d).map(|_| apart * draws.next()).collect();
    (0..n * d).map(|at| T::from_f64(centres[at / d % k * d + at % d] + draws.bell())).collect()
}

/// Responsibilities (n × k), one of five of them zero.
fn shares<T: Real>(n: usize, k: usize) -> Vec<T> {
    let mut draws = Draws((n + k) as u64);
    (0..n * k).map(|_| T::from_f64((draws.next() + 0.6).max(0.0))).collect()
}

/// A mixture of full covariances with known factors, so that nothing is factored.
fn known(d: usize, k: usize) -> Mixture {
    let mut draws = Draws((d * k) as u64);
    let weights = vec![1.0 / k as f64; k];
    let means: Vec<f64> = (0..k * d).map(|_| 3.0 * draws.next()).collect();
    let [mut covariances, mut factors] = [Vec::new(), Vec::new()];
    for _ in 0..k {
        let mut factor = vec![0.0; d * d];
        for i in 0..d {
            (0..i).for_each(|j| factor[i * d + j] = 0.2 * draws.next());
            factor[i * d + i] = 1.25 + 0.5 * draws.next();
        }
        let dot = |i: usize, j: usize| (0..d).map(|m| factor[i * d + m] * factor[j * d + m]).sum::<f64>();
        covariances.extend((0..d * d).map(|at| dot(at / d, at % d)));
        factors.extend(factor);
    }
    Mixture::from_factors(&weights, &means, &covariances, &vec![0.0; k], &factors, &[]).unwrap()
}

fn scores<T: Real>(mixture: &Mixture, threads: &Threads) -> u64 {
    let (n, d, k) = (487, mixture.n_features(), mixture.n_components());
    let rows: Vec<T> = groups(n, d, k, 3.0);
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let [mut energies, mut log_densities] = [n, n].map(|len| vec![T::ZERO; len]);
    let [mut shares, mut logs, mut squares] = [n * k; 3].map(|len| vec![T::ZERO; len]);
    let outputs = Scores {
        energies: Some(&mut energies),
        log_densities: Some(&mut log_densities),
        responsibilities: Some(&mut shares),
        log_responsibilities: Some(&mut logs),
        squared_mahalanobis: Some(&mut squares),
        labels: None,
    };
    let mean = score(mixture, &samples, outputs, threads).unwrap();
    let mut hash = Hash::new();
    hash.add(&[mean]);
    [energies, log_densities, shares, logs, squares].iter().for_each(|values| hash.add(values));
    hash.0
}

fn of_mixture(mixture: &Mixture) -> u64 {
    let mut hash = Hash::new();
    hash.add_mixture(mixture);
    hash.0
}

fn estimate<T: Real>(d: usize, threads: &Threads) -> u64 {
    let (n, k) = (611, 3);
    let (rows, gamma): (Vec<T>, Vec<T>) = (groups(n, d, k, 2.0), shares(n, k));
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let gamma = Responsibilities::from_rows(&gamma, n, k).unwrap();
    of_mixture(&params_with(&samples, &gamma, &ParamsOptions::default(), threads).unwrap())
}

fn fitted<T: Real>(n: usize, d: usize, apart: f64, options: &FitOptions, threads: &Threads) -> u64 {
    let rows: Vec<T> = groups(n, d, options.n_components, apart);
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let Fit { mixture, lower_bounds, .. } = fit(&samples, options, threads).unwrap();
    let mut hash = Hash::new();
    hash.add_mixture(&mixture);
    hash.add(&lower_bounds);
    hash.0
}

fn stepwise<T: Real>(threads: &Threads) -> u64 {
    let (n, d, k) = (600, 3, 4);
    let rows: Vec<T> = groups(n, d, k, 4.0);
    let mut model = Stepwise::new(known(d, k), StepwiseOptions::default()).unwrap();
    for batch in rows.chunks(200 * d) {
        let weights: Vec<f64> = (0..200).map(|row| f64::from(row % 7)).collect();
        let samples = Samples::from_rows(batch, 200, d).unwrap().with_weights(&weights).unwrap();
        model.update(&samples, threads).unwrap();
    }
    of_mixture(model.mixture())
}

fn gradients_of_loss<T: Real>(threads: &Threads) -> u64 {
    let (n, d, k) = (307, 7, 3);
    let (rows, gamma): (Vec<T>, Vec<T>) = (groups(n, d, k, 2.0), shares(n, k));
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let gamma = Responsibilities::from_rows(&gamma, n, k).unwrap();
    let (mut dz, mut dgamma) = (vec![T::ZERO; n * d], vec![T::ZERO; n * k]);
    let outputs = Gradients { samples: Some(&mut dz), responsibilities: Some(&mut dgamma) };
    let Loss { value, .. } = loss(&samples, &gamma, &LossOptions::default(), outputs, threads).unwrap();
    let mut hash = Hash::new();
    hash.add(&[value]);
    hash.add(&dz);
    hash.add(&dgamma);
    hash.0
}

fn gradients_of_energies<T: Real>(threads: &Threads) -> u64 {
    let (n, d, k) = (307, 13, 4);
    let mixture = known(d, k);
    let rows: Vec<T> = groups(n, d, k, 3.0);
    let vectors: Vec<T> = groups(n, d, 1, 1.0);
    let samples = Samples::from_rows(&rows, n, d).unwrap();
    let vectors = Samples::from_rows(&vectors, n, d).unwrap();
    let [mut dz, mut dphi, mut dmu, mut dcov, mut gradient, mut products] =
        [n * d, k, k * d, k * d * d, n * d, n * d].map(|len| vec![T::ZERO; len]);
    let outputs = EnergyGradients {
        samples: Some(&mut dz),
        weights: Some(&mut dphi),
        means: Some(&mut dmu),
        covariances: Some(&mut dcov),
        cholesky: None,
        log_dets: None,
    };
    energy_vjp(&mixture, &samples, EnergyCotangents::Mean(0.5), 0.01, outputs, threads).unwrap();
    score_function(&mixture, &samples, &mut gradient, threads).unwrap();
    hessian_vector_products(&mixture, &samples, &vectors, &mut products, threads).unwrap();
    let mut hash = Hash::new();
    [dz, dphi, dmu, dcov, gradient, products].iter().for_each(|values| hash.add(values));
    hash.0
}

/// Every case in one sample type, by name.
fn cases<T: Real>(threads: &Threads) -> Vec<(String, u64)> {
    use CovarianceType::{Diag, Full, Spherical, Tied};

    let options = |k: usize, covariance_type: CovarianceType, n_init: usize| FitOptions {
        covariance_type,
        n_init,
        max_iter: 20,
        seed: 5,
        ..FitOptions::new(k)
    };
    let fit_of = |n, d, apart, options: FitOptions| fitted::<T>(n, d, apart, &options, threads);
    let hashes = [
        ("scores-3", scores::<T>(&known(3, 3), threads)),
        ("scores-13", scores::<T>(&known(13, 4), threads)),
        ("scores-33", scores::<T>(&known(33, 2), threads)),
        ("estimate-3", estimate::<T>(3, threads)),
        ("estimate-8", estimate::<T>(8, threads)),
        ("estimate-20", estimate::<T>(20, threads)),
        ("estimate-70", estimate::<T>(70, threads)),
        ("fit-full", fit_of(900, 2, 5.0, options(3, Full, 1))),
        ("fit-searched", fit_of(700, 7, 2.0, options(4, Full, 2))),
        ("fit-tied", fit_of(500, 5, 4.0, options(3, Tied, 1))),
        ("fit-diag", fit_of(800, 11, 2.0, options(6, Diag, 2))),
        ("fit-spherical", fit_of(500, 6, 3.0, options(5, Spherical, 1))),
        // Far apart, with more features than a band: pairs of samples and components are pruned.
        ("fit-pruned", fit_of(2000, 12, 40.0, options(9, Full, 1))),
        ("stepwise", stepwise::<T>(threads)),
        ("gradients-of-loss", gradients_of_loss::<T>(threads)),
        ("gradients-of-energies", gradients_of_energies::<T>(threads)),
    ];
    hashes.into_iter().map(|(name, hash)| (format!("{name} {}", T::NAME), hash)).collect()
}

/// Prints the hash of each case with the vectors that `GMM_ISA` names, a line each.
#[test]
#[ignore = "a part of the test below, which runs it once for each instruction set"]
fn hashes() {
    let all = |threads: &Threads| [cases::<f64>(threads), cases::<f32>(threads)].concat();
    let on_one = all(&Threads::one());
    assert_eq!(on_one, all(&Threads::new(3)), "results depend on the number of threads");
    for (name, hash) in on_one {
        println!("hash {name} {hash:#018x}");
    }
}

#[test]
fn results_have_the_bits_that_were_recorded() {
    let names = [(Isa::Portable, "portable"), (Isa::Avx2, "avx2"), (Isa::Avx512, "avx512")];
    let has_avx512 = available().contains(&Isa::Avx512);
    for (at, (isa, name)) in names.into_iter().enumerate() {
        if !available().contains(&isa) {
            eprintln!("this machine has no {name}");
            continue;
        }
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "hashes", "--nocapture"])
            .env("GMM_ISA", name)
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
        let found: HashMap<&str, &str> = printed
            .lines()
            .filter_map(|line| line.split_once("hash ").and_then(|(_, rest)| rest.rsplit_once(' ')))
            .collect();
        assert_eq!(found.len(), RECORDED.len(), "cases that ran and cases that are recorded");
        let moved: Vec<&str> = RECORDED
            .iter()
            .filter(|(case, hashes)| found[case] != format!("{:#018x}", hashes[at]))
            .map(|&(case, _)| case)
            .filter(|case| has_avx512 || !FACTORED_BY_FAER.iter().any(|name| case.starts_with(name)))
            .collect();
        assert!(moved.is_empty(), "results moved with {name}: {moved:?}");
    }
}
