//! What a fit came to, in memory of the caller.

use gmm_core::{Fit, Repair, Stop};
use libc::size_t;

use crate::plumbing::{
    GMM_OK, Refusal, Regions, gmm_repair_kind, gmm_status, gmm_stop, repair_code, sized_output, status_of,
    stop_code, write_sized,
};

/// What a fit did so that it could go on. Does not change, for arrays are made of it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_repair {
    /// GMM_REPAIR_*.
    pub kind: gmm_repair_kind,
    /// In which iteration, from 1; 0 at the start.
    pub iteration: size_t,
    /// Which component; 0 for a ridge when all share one matrix.
    pub component: size_t,
    /// Whose samples it shares, when it was reseeded.
    pub from: size_t,
    /// The ridge, when that was raised.
    pub ridge: f64,
}

/// What a fit came to. Set `size`, and the buffers or NULL; the rest is filled in. Fields may be added at
/// the end.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gmm_fit_report {
    /// `sizeof(gmm_fit_report)`, set by the caller.
    pub size: size_t,
    /// Where to write the bound of each iteration; NULL for nowhere. Set by the caller.
    pub lower_bounds: *mut f64,
    /// How many doubles fit there; bounds of later iterations are left out. Set by the caller.
    pub lower_bounds_capacity: size_t,
    /// 1 when the bound settled within `tol`, 0 when something else came first.
    pub converged: i32,
    /// Iterations of the winning restart.
    pub n_iter: size_t,
    /// Its last bound: the mean log-likelihood per sample before the last M-step, in nats. Minus infinity where a sample
    /// had no density.
    pub lower_bound: f64,
    /// Which restart won, from 0.
    pub restart: size_t,
    /// GMM_STOP_*: why it ended.
    pub stop: gmm_stop,
    /// GMM_OK, or for GMM_STOP_REFUSED why the next parameters were none.
    pub stop_status: gmm_status,
    /// Repairs of the winning restart, those beyond the capacity included.
    pub n_repairs: size_t,
    /// How many samples belong to each component (K), in parts; infinite where the sum of the weights is beyond a
    /// double. NULL for nowhere. Set by the caller.
    pub effective_counts: *mut f64,
    /// A lower bound on the condition number of each covariance (K), or NULL. Set by the caller.
    pub conditions: *mut f64,
    /// What was added to the variances of each component in the last iteration (K), or NULL. Set by the
    /// caller.
    pub ridges: *mut f64,
    /// 1 for features with hardly any variance but the ridge, when those before them are known, and 0
    /// for the others (K x D), or NULL. Set by the caller.
    pub held_by_ridge: *mut u8,
    /// Where to write repairs, in the order in which they were made, or NULL. Set by the caller.
    pub repairs: *mut gmm_repair,
    /// How many repairs fit there; later ones are left out. Set by the caller.
    pub repairs_capacity: size_t,
    /// How many swaps led on from the restart that won.
    pub n_swaps: size_t,
}

/// The size of the first report there was: up to and with `restart`. Later fields are optional.
const FIRST_REPORT: usize = std::mem::offset_of!(gmm_fit_report, restart) + size_of::<size_t>();

/// A report that was checked before the work began.
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
        // A buffer that is not there has no length, not even one to be compared.
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
