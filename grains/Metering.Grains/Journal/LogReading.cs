namespace Metering.Grains.Journal;

/// <summary>Reads a log with a bound on the time of each step.</summary>
internal static class LogReading
{
    /// <summary>Reads the records after one, until <paramref name="take"/> answers that it needs no more.</summary>
    /// <exception cref="TimeoutException">The store took too long.</exception>
    internal static async Task ReadAsync(
        JournalServices services,
        string log,
        long after,
        Func<JournalRecord, bool> take,
        CancellationToken cancellationToken)
    {
        var records = services.Store.ReadAsync(log, after, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var isStuck = false;
        try
        {
            while (await NextAsync() && take(records.Current))
            {
            }
        }
        catch (TimeoutException)
        {
            isStuck = true;
            throw;
        }
        finally
        {
            // An enumerator that is still moving must not be disposed; it is left to the store.
            if (!isStuck)
            {
                await records.DisposeAsync();
            }
        }

        ValueTask<bool> NextAsync()
        {
            var next = records.MoveNextAsync();
            return next.IsCompletedSuccessfully ? next : new ValueTask<bool>(Bounded(services, next.AsTask()));
        }
    }

    /// <summary>The last record there is, and its mark; default for a log that never had one.</summary>
    /// <exception cref="DamagedLogException">It cannot be trusted.</exception>
    internal static async Task<(LogTip Tip, long Mark)> TipAsync(JournalServices services, string log, CancellationToken cancellationToken)
    {
        var extent = await Bounded(services, services.Store.OpenAsync(log, cancellationToken));
        if (extent.Last == 0)
        {
            return default;
        }

        RecordHeader? last = null;
        await ReadAsync(services, log, extent.Last - 1, record =>
        {
            last = Header(log, record);
            return true;
        }, cancellationToken);
        if (last is not { } header)
        {
            throw new DamagedLogException(log, extent.Last, "the store counts the record, but does not have it");
        }

        if (header.Mark < 0 || header.Mark >= header.Number)
        {
            throw new DamagedLogException(log, header.Number, $"its mark, {header.Mark}, is not before it");
        }

        return (new LogTip(header.Number, header.Checksum), header.Mark);
    }

    /// <summary>The header of a record that was read.</summary>
    /// <exception cref="DamagedLogException">It cannot be trusted.</exception>
    internal static RecordHeader Header(string log, JournalRecord record)
    {
        if (!RecordReader.TryReadHeader(record.Bytes.Span, out var header, out var fault))
        {
            throw new DamagedLogException(log, record.Number, fault);
        }

        return header.Number == record.Number
            ? header
            : throw new DamagedLogException(log, record.Number, $"it says it is record {header.Number}");
    }

    /// <summary>Waits for a step of the store, at most as long as one may take.</summary>
    internal static Task<T> Bounded<T>(JournalServices services, Task<T> step) =>
        step.IsCompleted ? step : WaitAsync(services, step);

    private static async Task<T> WaitAsync<T>(JournalServices services, Task<T> step)
    {
        try
        {
            return await step.WaitAsync(services.Options.AppendTimeout, services.Time);
        }
        catch (TimeoutException)
        {
            Forget(step);
            throw;
        }
    }

    /// <summary>Whatever the step still brings, nobody waits for it: not even its failure.</summary>
    private static void Forget(Task step) => _ = step.ContinueWith(
        static late => _ = late.Exception,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}
