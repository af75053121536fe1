using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// The one thread that writes the journal. A thread of its own, because a disk that stalls must not hold up threads of the pool, which run the grains; and not the database's, because answers wait for
/// this one and for nothing else.
/// </summary>
internal sealed class JournalWriter : IDisposable
{
    /// <summary>What is written at once, or one record that is larger.</summary>
    internal const long MaxBytesPerBatch = 16L << 20;

    private readonly string _folder;
    private readonly JournalFiles _files;
    private readonly ILogger _log;
    private readonly WriteQueue<JournalBatch> _queue = new(MaxBytesPerBatch);
    private readonly JournalBatch _batch;
    private readonly Thread _thread;

    /// <param name="folder">For messages.</param>
    /// <param name="files">Owned by the writer from now on.</param>
    /// <param name="log">Where failures are told.</param>
    public JournalWriter(string folder, JournalFiles files, ILogger log)
    {
        (_folder, _files, _log) = (folder, files, log);
        _batch = new JournalBatch(files);
        _thread = new Thread(Run) { IsBackground = true, Name = "journal writer" };
        _thread.Start();
    }

    /// <summary>Puts something into the next batch. Ends when that is durable.</summary>
    /// <param name="bytes">How much it writes, roughly.</param>
    /// <param name="write">Runs on the writer's thread.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    public async Task<T> WriteAsync<T>(long bytes, Func<JournalBatch, T> write, CancellationToken cancellationToken)
    {
        var operation = new WriteOperation<JournalBatch, T>(bytes, write);
        await _queue.EnqueueAsync(operation, cancellationToken);
        return await operation.WaitAsync(cancellationToken);
    }

    /// <summary>Writes what waits, then closes the files.</summary>
    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
        _files.Dispose();
    }

    private void Run()
    {
        var operations = new List<WriteOperation<JournalBatch>>();
        while (_queue.TakeBatch(operations))
        {
            Write(operations);
            operations.Clear();
        }
    }

    private void Write(List<WriteOperation<JournalBatch>> operations)
    {
        try
        {
            _batch.Clear();
            foreach (var operation in operations)
            {
                Execute(operation);
            }

            if (_batch.IsEmpty)
            {
                _files.Settle();
            }
            else
            {
                _files.Write(_batch);
            }
        }
#pragma warning disable CA1031 // Whatever it was, the callers hear it; a writer thread that ended would leave them waiting for ever.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.JournalWriteFailed(_log, _folder, operations.Count, exception);
            var fault = StoreFault.From(exception, _folder);
            operations.ForEach(operation => operation.Fail(fault));
            return;
        }

        operations.ForEach(static operation => operation.Complete());
    }

    private void Execute(WriteOperation<JournalBatch> operation)
    {
        try
        {
            operation.Execute(_batch);
        }
        catch (JournalStoreException refused)
        {
            // Before it put anything into the batch.
            operation.Fail(refused);
        }
    }
}
