using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded;

/// <summary>Lists accounts from the index of the stored states alone: a page costs a seek and its rows, however many accounts there are.</summary>
internal sealed class SqliteAccountIndex(EmbeddedDatabase database) : IAccountIndex
{
    // The list is read from the snapshots.
    public Task AddAsync(string account, CancellationToken cancellationToken) => Task.CompletedTask;

    // The lower bound is one value, the later of prefix and after: of two bounds SQLite would seek to one and filter by the other, page after page.
    // DISTINCT is free in the index's order; it only matters should two grain types share the state's name.
    internal const string Query = """
        SELECT DISTINCT key FROM states
        WHERE state = ?1 AND key >= ?2 AND key < ?3 AND key <> ?4
        ORDER BY key LIMIT ?5
        """;

    // Above every character an account id may have, and every other one: ids that start with a prefix come before the prefix and this.
    private const string AboveAll = "\U0010FFFF";

    public Task<IReadOnlyList<string>> ListAsync(string prefix, string after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return database.ReadAsync<IReadOnlyList<string>>(connection => List(connection, prefix, after, limit), cancellationToken);
    }

    private static List<string> List(DatabaseConnection connection, string prefix, string after, int limit)
    {
        var from = string.CompareOrdinal(prefix, after) > 0 ? prefix : after;
        var statement = connection.Prepare(Query)
            .Bind(1, AccountStorage.StateName).Bind(2, from).Bind(3, prefix + AboveAll).Bind(4, after).Bind(5, limit);
        try
        {
            var accounts = new List<string>();
            while (statement.Step())
            {
                accounts.Add(statement.Text(0));
            }

            return accounts;
        }
        finally
        {
            statement.Reset();
        }
    }
}
