//! Results of a fit, in memory of the caller.

use gmm_core::{Fit, Repair, Stop};
use libc::size_t;

use crate::plumbing::{
    GMM_OK, Refusal, Regions, gmm_repair_kind, gmm_status, gmm_stop, repair_code, sized_output, status_of,
    stop_code, write_sized,
};

/// A repair that let a fit go on. This struct never grows, since callers pass arrays of it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_repair {
    /// GMM_REPAIR_*.
    pub kind: gmm_repair_kind,
    /// Iteration of the repair, from 1; 0 at the start.
    pub iteration: size_t,
    /// The repaired component; 0 for a ridge when all components share one matrix.
    pub component: size_t,
    /// For a reseeded component, the component whose samples it now shares.
    pub from: size_t,
    /// For a raised ridge, its new value.
    pub ridge: f64,
}

/// Results of a fit beside the mixture. Set `size`, and each buffer or NULL; the call writes the rest. Fields may be
/// added at the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_fit_report {
    /// `sizeof(gmm_fit_report)`, set by the caller.
    pub size: size_t,
    /// Receives the bound of each iteration, or NULL. Set by the caller.
    pub lower_bounds: *mut f64,
    /// Length of `lower_bounds`; bounds of later iterations are left out. Set by the caller.
    pub lower_bounds_capacity: size_t,
    /// 1 if the bound changed by less than `tol`, 0 if the fit ended for another reason.
    pub converged: i32,
    /// Iterations of the winning restart.
    pub n_iter: size_t,
    /// The last bound of the winning restart: the mean log-likelihood per sample before the last M-step, in nats.
    /// Minus infinity where a sample had density zero.
    pub lower_bound: f64,
    /// The restart that won, from 0.
    pub restart: size_t,
    /// GMM_STOP_*: why the winning restart ended.
    pub stop: gmm_stop,
    /// For GMM_STOP_REFUSED why the next parameters were invalid; otherwise GMM_OK.
    pub stop_status: gmm_status,
    /// Number of repairs of the winning restart, including those beyond `repairs_capacity`.
    pub n_repairs: size_t,
    /// Receives the sum of the responsibilities of each component (K), or NULL; infinite where the sum of the weights
    /// is beyond the range of a double. Set by the caller.
    pub effective_counts: *mut f64,
    /// Receives a lower bound on the condition number of each covariance (K), or NULL. Set by the caller.
    pub conditions: *mut f64,
    /// Receives the ridge added to the variances of each component in the last iteration (K), or NULL. Set by the
    /// caller.
    pub ridges: *mut f64,
    /// Receives flags (K x D), or NULL: 1 for a feature whose variance, given the features before it, is hardly more
    /// than the ridge, 0 for the others. Set by the caller.
    pub held_by_ridge: *mut u8,
    /// Receives repairs, in the order in which they were made, or NULL. Set by the caller.
    pub repairs: *mut gmm_repair,
    /// Length of `repairs`; later repairs are left out. Set by the caller.
    pub repairs_capacity: size_t,
    /// Number of successful swaps after the restart that won.
    pub n_swaps: size_t,
}

/// The size of the first version of the report, which ended with `restart`. Later fields are optional.
const FIRST_REPORT: usize = std::mem::offset_of!(gmm_fit_report, restart) + size_of::<size_t>();

/// A report that is checked before the fit begins.
pub(crate) struct Report<'a> {
    out: *mut gmm_fit_report,
    fields: gmm_fit_report,
    lower_bounds: Option<&'a mut [f64]>,
    effective_counts: Option<&'a mut [f64]>,
    conditions: Option<&'a mut [f64]>,
    ridges: Option<&'a mut [f64]>,
    held_by_ridge: Option<&'a mut [u8]>,
    repairs: Option<&'a mut [gmm_repair]>,
}

impl Report<'_> {
    /// # Safety
    ///
    /// `out` is null or a report whose size is set and whose buffers are null or writable for their
    /// capacities, and for K = `k` and D = `d`.
    pub(crate) unsafe fn open(
        out: *mut gmm_fit_report,
        (k, d): (usize, usize),
        regions: &mut Regions,
    ) -> Result<Option<Self>, Refusal> {
        use std::ptr::null_mut;
        if out.is_null() {
            return Ok(None);
        }
        let empty = gmm_fit_report {
            size: 0,
            lower_bounds: null_mut(),
            lower_bounds_capacity: 0,
            converged: 0,
            n_iter: 0,
            lower_bound: 0.0,
            restart: 0,
            stop: 0,
            stop_status: GMM_OK,
            n_repairs: 0,
            effective_counts: null_mut(),
            conditions: null_mut(),
            ridges: null_mut(),
            held_by_ridge: null_mut(),
            repairs: null_mut(),
            repairs_capacity: 0,
            n_swaps: 0,
        };
        // SAFETY: readable for its size, as promised, and valid whatever its bytes are.
        let (fields, size) = unsafe { sized_output("report", out, empty, FIRST_REPORT) }?;
        regions.struct_output("report", out, size)?;
        let (n_bounds, n_repairs) = (fields.lower_bounds_capacity, fields.repairs_capacity);
        // SAFETY: null or writable for these shapes, as promised.
        unsafe {
            Ok(Some(Report {
                out,
                fields,
                lower_bounds: regions.optional_output(
                    "report.lower_bounds",
                    fields.lower_bounds,
                    &[n_bounds],
                )?,
                effective_counts: regions.optional_output(
                    "report.effective_counts",
                    fields.effective_counts,
                    &[k],
                )?,
                conditions: regions.optional_output("report.conditions", fields.conditions, &[k])?,
                ridges: regions.optional_output("report.ridges", fields.ridges, &[k])?,
                held_by_ridge: regions.optional_output(
                    "report.held_by_ridge",
                    fields.held_by_ridge,
                    &[k, d],
                )?,
                repairs: regions.optional_output("report.repairs", fields.repairs, &[n_repairs])?,
            }))
        }
    }

    /// # Safety
    ///
    /// The report is still writable.
    pub(crate) unsafe fn fill(self, fitted: &Fit) {
        let components = &fitted.diagnosis.components;
        // A null buffer has no length to be checked.
        let put = |out: Option<&mut [f64]>, values: &mut dyn Iterator<Item = f64>| {
            if let Some(out) = out {
                out.iter_mut().zip(values).for_each(|(out, value)| *out = value);
            }
        };
        put(self.lower_bounds, &mut fitted.lower_bounds.iter().copied());
        put(self.effective_counts, &mut components.iter().map(|component| component.effective_count));
        put(self.conditions, &mut components.iter().map(|component| component.condition));
        put(self.ridges, &mut components.iter().map(|component| component.ridge));
        if let Some(out) = self.held_by_ridge {
            let d = fitted.mixture.n_features();
            out.fill(0);
            for (out, component) in out.chunks_exact_mut(d).zip(components) {
                component.held_by_ridge.iter().for_each(|&feature| out[feature] = 1);
            }
        }
        let repairs = &fitted.diagnosis.repairs;
        if let Some(out) = self.repairs {
            out.iter_mut().zip(repairs).for_each(|(out, repair)| *out = c_repair(repair));
        }
        let filled = gmm_fit_report {
            converged: i32::from(fitted.converged()),
            n_iter: fitted.n_iter,
            lower_bound: fitted.lower_bound(),
            restart: fitted.restart,
            stop: stop_code(&fitted.stop),
            stop_status: match &fitted.stop {
                Stop::Refused(error) => status_of(error),
                _ => GMM_OK,
            },
            n_repairs: repairs.len(),
            n_swaps: fitted.n_swaps,
            ..self.fields
        };
        // SAFETY: opened with this size, and still writable as promised.
        unsafe { write_sized(self.out, filled, self.fields.size) };
    }
}

fn c_repair(repair: &Repair) -> gmm_repair {
    let kind = repair_code(repair);
    let none = gmm_repair { kind, iteration: 0, component: 0, from: 0, ridge: 0.0 };
    match *repair {
        Repair::RaisedRidge { iteration, component, ridge } => {
            gmm_repair { iteration, component, ridge, ..none }
        }
        Repair::Reseeded { iteration, component, from } => gmm_repair { iteration, component, from, ..none },
        _ => none,
    }
}
