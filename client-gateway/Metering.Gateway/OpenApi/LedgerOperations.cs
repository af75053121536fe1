using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class LedgerOperations
{
    public static readonly Operation Read = new("readLedger", "GET", "/v1/accounts/{account}/ledger", "Ledger", "Read an account's ledger")
    {
        Access = AccessRule.ReadsAccount,
        Description = "Oldest first. The first page says the balance before the range and after what there is of it, whatever the filters. An entry is there as soon as it was acknowledged. A charge of several lines is as many entries with one sequence. "
            + "With `LedgerDetail=Rollup` the charges, settles, reversals and holds of an hour become, when it is over, a line for each kind, meter, dimensions and minute, "
            + "from `firstSequence` to `sequence`, with so many `lines`; `detail` says whether there are such. A range then begins and ends with a whole minute. "
            + "Any parameter `dimension.<name>` asks for lines with that dimension. As CSV (`format=csv` or `Accept: text/csv`) or Parquet (`format=parquet` or `Accept: application/vnd.apache.parquet`) the answer has no pages: it goes on to the end. CSV has the fields of entries by the same names; what cannot be finished ends with a broken connection. "
            + "A Parquet file has the columns of the ledger's own files; rows that are not archived yet have no `hash`. Where files of the ledger could not be read, the header `Metering-Damaged` names them. Writing one may take up to 50 seconds; "
            + "of callers who read files at the same time a few are served, the others hear `overloaded`.",
        Query =
        [
            new("from", typeof(string), "Only entries at or after this instant."),
            new("to", typeof(string), "Only entries before this instant."),
            new("meter", typeof(string), "Only lines of this meter."),
            new("kind", typeof(string), "Only entries of these kinds, with commas, such as `grant_added,grant_expired`."),
            new("cursor", typeof(string), "The cursor of the page before; the first page when left out."),
            new("limit", typeof(int), "At most so many entries, 1 to 1000; 100 when left out. A page of entries with many lines may have fewer."),
            new("format", typeof(string), "json, csv or parquet; as Accept says when left out."),
        ],
        Reply = new(typeof(Shapes.LedgerPage),
            """
            {"entries":[{"sequence":43,"at":"2026-01-31T12:00:00Z","kind":"charged","id":"req-1","meter":"llm.tokens","quantity":"1200","credits":"-0.072","balance":"99.928",
             "available":"99.928","card":"default","version":3,"price":"gpt4-out","dimensions":{"model":"gpt-4","kind":"output"},"tiers":[{"tier":1,"unitPrice":"0.00006"}],
             "burned":[{"grant":"plan","credits":"0.072"}],"mode":"enforce"}],"cursor":"bGVkZ2VyOjQzOjYzOTA1NDU3NjAwMDAwMDAwMA","detail":"full","openingBalance":"0","closingBalance":"99.928"}
            """),
        Refusals = [Code.AccountNotFound, Code.DetailNotKept],
    };

    public static readonly Operation Verify = new("verifyLedger", "GET", "/v1/accounts/{account}/ledger/verify", "Ledger", "Check that nobody changed an account's ledger")
    {
        Access = AccessRule.ReadsAccount,
        Description = "Follows the hash chain of the account's entries in the archive and names the first place at which it does not hold. Where the range does not begin with the account's first entry, "
            + "the link of its first one is taken as it stands. What is not archived yet has no link and is not looked at: `last` says how far it went. Hours that are rolled up have no chain: a range with one of them is refused.",
        Query = [new("from", typeof(string), "Only entries at or after this instant."), new("to", typeof(string), "Only entries before this instant.")],
        Reply = new(typeof(Shapes.LedgerCheck), """{"holds":false,"rows":42,"first":1,"last":42,"break":{"sequence":17,"line":0,"reason":"changed"}}"""),
        Refusals = [Code.AccountNotFound, Code.DetailNotKept],
    };
}
