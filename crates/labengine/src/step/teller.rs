//! What is told of one step.

use std::time::Instant;

use crate::{Change, Driver, Progress, StepId};

/// Tells what happens to one step.
pub(crate) struct Teller<'a, D> {
    driver: &'a D,
    id: &'a StepId,
    started: Instant,
}

impl<'a, D: Driver> Teller<'a, D> {
    pub(crate) fn new(driver: &'a D, id: &'a StepId) -> Self {
        Self {
            driver,
            id,
            started: Instant::now(),
        }
    }

    pub(crate) fn tell(
        &self,
        change: Change,
        physical_id: Option<String>,
        message: Option<String>,
    ) {
        self.driver.tell(Progress::Step {
            id: self.id.clone(),
            change,
            physical_id,
            message,
            seconds: self.started.elapsed().as_secs_f64(),
        });
    }
}
