//! A database per test: a file, or a schema of the server that `TEST_DATABASE_URL` names.

use plaudit::base::clock::Instant;
use plaudit::base::ids::new_id;
use plaudit::store::{DatabaseUrl, Db};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

pub enum TestDatabase {
    File(tempfile::TempDir),
    Schema { server: String, name: String },
}

impl TestDatabase {
    pub async fn create() -> Self {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) => {
                let name = format!("test_{}", new_id(Instant::from_millis(super::START)));
                let mut connection = PgConnection::connect(&server)
                    .await
                    .expect("the server of TEST_DATABASE_URL");
                let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
                sqlx::query(create).execute(&mut connection).await.expect("a schema");
                Self::Schema { server, name }
            }
            Err(_) => Self::File(tempfile::tempdir().expect("a folder")),
        }
    }

    /// Its `DATABASE_URL`.
    pub fn url(&self) -> String {
        match self {
            Self::File(folder) => format!("sqlite://{}", folder.path().join("plaudit.db").display()),
            Self::Schema { server, name } => {
                let separator = if server.contains('?') { '&' } else { '?' };
                format!("{server}{separator}options[search_path]={name}")
            }
        }
    }

    pub async fn open(&self) -> Db {
        let url: DatabaseUrl = self.url().parse().expect("a URL");
        Db::open(&url).await.expect("a database")
    }

    /// One number, past everything of ours.
    pub async fn number(&self, query: &'static str) -> i64 {
        let (number,): (i64,) = match self {
            Self::File(_) => {
                let mut connection = SqliteConnection::connect(&self.url()).await.expect("a connection");
                sqlx::query_as(query)
                    .fetch_one(&mut connection)
                    .await
                    .expect("a number")
            }
            Self::Schema { .. } => {
                let mut connection = PgConnection::connect(&self.url()).await.expect("a connection");
                sqlx::query_as(query)
                    .fetch_one(&mut connection)
                    .await
                    .expect("a number")
            }
        };
        number
    }

    pub async fn drop(self) {
        if let Self::Schema { server, name } = self {
            let mut connection = PgConnection::connect(&server).await.expect("a connection");
            let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA {name} CASCADE"));
            sqlx::query(drop)
                .execute(&mut connection)
                .await
                .expect("the schema to go");
        }
    }
}
