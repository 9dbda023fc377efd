//! What was heard of letters, for whichever kind it is about.

use super::Worker;
use crate::{
    clock::instant,
    delivery::report::{DeliveryReport, Reported},
    error::Error,
    service::record_report,
    store::InvitationStore,
};

impl<S: InvitationStore, P: Send + Sync> Worker<S, P> {
    /// Records what was heard of a letter after its hand-over, in the host's transaction, as
    /// [`Invitations::report`](crate::Invitations::report) does, of whichever of the served kinds the letter is.
    ///
    /// # Errors
    /// [`Error::NotInTransaction`], [`Error::Store`]; [`Error::Random`] where a policy tells the inviter.
    pub async fn report(&self, conn: &mut S::Conn, report: &DeliveryReport) -> Result<Reported, Error> {
        if !self.store.in_transaction(conn) {
            return Err(Error::NotInTransaction);
        }
        let now = instant(&*self.clock);
        for (kind, policy) in &self.kinds {
            let reported = record_report(&self.store, conn, kind, policy, &*self.random, now, report).await?;
            if reported != Reported::Ignored {
                return Ok(reported);
            }
        }
        Ok(Reported::Ignored)
    }
}
