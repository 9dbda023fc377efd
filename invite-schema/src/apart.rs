//! Where an event, a letter or a token cannot ride along with its change, they are the next statements of
//! the same transaction.

use chrono::{DateTime, Utc};
use invite_core::{
    Record,
    store::{Dispatch, NewEvent, StoreError},
};

use crate::{
    driver::{Driver, execute},
    name::Name,
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
            Dispatch::Letter(letter) => Values::new().letter(letter, record, at).of_statement(self.insert_letter)?,
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
