using DuckDB.NET.Data;
using Metering.Ledger.Reading;

namespace Metering.Ledger.Usage;

/// <summary>Sums usage of segments and tail in one question to the engine.</summary>
internal static class UsageAnswer
{
    internal static UsageRows Read(DuckDBConnection connection, SegmentFiles files, UsageQuery query, UsageTail tail)
    {
        if (tail.IsOverfull)
        {
            return new UsageRows([], IsTooMany: true, files.Damaged);
        }

        files.RequireWholeMinutes(query.From, query.To);
        if (files.RollupsReachBeyond(tail.After))
        {
            return new UsageRows([], IsTooMany: false, files.Damaged) { IsTailTooLong = true };
        }

        FillTables(connection, query, tail);
        using var command = connection.CreateCommand();
        command.CommandText = UsageSql.Select(query, files, tail.After);
        using var read = command.ExecuteReader();
        var rows = new List<UsageRow>();
        while (read.Read())
        {
            rows.Add(Row(read, query));
        }

        return rows.Count > query.MaxRows ? new UsageRows([], IsTooMany: true, files.Damaged) : new UsageRows(rows, IsTooMany: false, files.Damaged) { IsRolledUp = files.HasRollups };
    }

    private static void FillTables(DuckDBConnection connection, UsageQuery query, UsageTail tail)
    {
        using (var command = connection.CreateCommand())
        {
            command.CommandText = UsageSql.CreateTables(query);
            command.ExecuteNonQuery();
        }

        using (var sums = connection.CreateAppender("temp", "main", UsageSql.Sums))
        {
            foreach (var (key, sum) in tail.Sums)
            {
                var row = sums.CreateRow();
                row.AppendValue(key.Window);
                foreach (var group in key.Groups)
                {
                    row.AppendValue(group);
                }

                row.AppendValue(sum.Quantity).AppendValue(sum.Credits).AppendValue(sum.Lines).EndRow();
            }
        }

        using var starts = connection.CreateAppender("temp", "main", UsageSql.Starts);
        foreach (var (account, sequence) in tail.Starts)
        {
            starts.CreateRow().AppendValue(account).AppendValue(sequence).EndRow();
        }
    }

    private static UsageRow Row(DuckDBDataReader read, UsageQuery query)
    {
        var count = query.Groups.Count;
        var (from, to) = query.Window.Bounds(read.GetInt64(0), query.From, query.To);
        var groups = new string?[count];
        for (var i = 0; i < count; i++)
        {
            groups[i] = read.IsDBNull(i + 1) ? null : read.GetString(i + 1);
        }

        return new UsageRow(from, to, groups, read.GetDecimal(count + 1), read.GetDecimal(count + 2), read.GetInt64(count + 3));
    }
}
