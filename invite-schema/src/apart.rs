//! Where an event, a letter or a token cannot ride along with its change, they are the next statements of
//! the same transaction. Letters are leased one by one there, too.

use chrono::{DateTime, Utc};
use invite_core::{
    Record,
    store::{Dispatch, LeaseRequest, Leased, NewEvent, StoreError},
};

use crate::{
    catalog::Catalog,
    driver::{Driver, execute},
    name::Name,
    queue::is_current,
    row::Queued,
    statement::Values,
    template::Sql,
};

/// The statements that follow a change.
pub(crate) struct Following {
    pub(crate) insert_event: &'static Sql,
    pub(crate) insert_letter: &'static Sql,
    pub(crate) insert_token: &'static Sql,
}

impl Following {
    /// Writes what goes with the change that made this record.
    pub(crate) async fn write<D: Driver>(
        &self,
        conn: &mut D::Conn,
        record: &Record,
        event: &NewEvent<'_>,
        dispatch: Dispatch<'_>,
    ) -> Result<(), StoreError> {
        let values = Values::new()
            .uuid(Name::Id, *record.id.as_uuid())
            .count(Name::Revision, record.revision)
            .event(event)
            .actor(event);
        execute::<D>(conn, values.of_statement(self.insert_event)?).await?;
        self.dispatch::<D>(conn, record, dispatch, event.at).await
    }

    async fn dispatch<D: Driver>(
        &self,
        conn: &mut D::Conn,
        record: &Record,
        dispatch: Dispatch<'_>,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let statement = match dispatch {
            Dispatch::None => return Ok(()),
            Dispatch::Letter(letter) if !letter.has_addressee(record) => return Ok(()),
            Dispatch::Letter(letter) => Values::new().letter(letter, record).of_statement(self.insert_letter)?,
            Dispatch::Token(digest, channel) => Values::new()
                .bytes(Name::Token, digest.as_bytes().as_slice())
                .uuid(Name::Id, *record.id.as_uuid())
                .count(Name::Generation, record.generation)
                .text(Name::Channel, channel.as_str())
                .time(Name::At, at)
                .of_statement(self.insert_token)?,
        };
        execute::<D>(conn, statement).await?;
        Ok(())
    }
}

/// The statements that lease letters one by one.
pub(crate) struct OneByOne {
    pub(crate) lease: &'static Sql,
    pub(crate) discard: &'static Sql,
    pub(crate) insert_token: &'static Sql,
}

impl OneByOne {
    /// Leases or discards one letter that this transaction has read and nobody else may write.
    pub(crate) async fn lease<D: Driver<Db: Catalog>>(
        &self,
        conn: &mut D::Conn,
        request: &LeaseRequest<'_>,
        queued: Queued,
        batch: &mut Leased,
    ) -> Result<(), StoreError> {
        let delivery = Values::new().uuid(Name::Letter, *queued.delivery.as_uuid());
        if queued.letter.as_ref().is_ok_and(|letter| !is_current(request, letter)) {
            execute::<D>(conn, delivery.of_statement(self.discard)?).await?;
            batch.discarded += 1;
            return Ok(());
        }
        let lease = delivery.uuid(Name::Owner, request.owner).time(Name::LeaseUntil, request.lease_until);
        execute::<D>(conn, lease.of_statement(self.lease)?).await?;
        match queued.letter {
            Err(error) => batch.unreadable.push(error),
            Ok(letter) => {
                let mut leased = letter.leased;
                if leased.purpose.has_link() {
                    let digest = request.mint(leased.delivery, &leased.record.kind)?;
                    let token = Values::new()
                        .bytes(Name::Token, digest.as_bytes().as_slice())
                        .uuid(Name::Id, *leased.record.id.as_uuid())
                        .count(Name::Generation, leased.record.generation)
                        .text(Name::Channel, "mail")
                        .time(Name::At, request.now);
                    execute::<D>(conn, token.of_statement(self.insert_token)?).await?;
                }
                leased.attempt += 1;
                batch.letters.push(leased);
            }
        }
        Ok(())
    }
}
