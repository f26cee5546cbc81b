use underpin_base::Code;
use underpin_schema::Value;

use super::shop::*;

#[tokio::test]
async fn a_row_that_was_written_reads_back() {
    let shop = Shop::open();
    let job = write_job(&create_item(), vec![id(1), text("a \"b\""), Value::Int(3), Value::Null]);
    let outcome = shop.store.write(job.clone()).await.unwrap();
    assert_eq!(outcome.version, Some(1));
    let row = String::from_utf8(outcome.row).unwrap();
    assert_eq!(shop.read(&item(), &inputs(vec![id(1)])), Some(row.clone()));
    assert_eq!(
        row,
        r#"{"id":"00000000-0000-0000-0000-000000000001","name":"a \"b\"","stock":3,"version":1}"#
    );
    let error = shop.store.write(job).await.unwrap_err();
    assert_eq!(error.code(), Code::UniqueConflict);
    shop.store.close();
}
