using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// The one thread that writes the journal. Not the database's, because answers wait for this one and for nothing else.
/// </summary>
internal sealed class JournalWriter : WriterThread<JournalBatch>
{
    /// <summary>What is written at once, or one record that is larger.</summary>
    internal const long MaxBytesPerBatch = 16L << 20;

    private readonly string _folder;
    private readonly JournalFiles _files;
    private readonly ILogger _log;
    private readonly JournalBatch _batch;

    /// <param name="folder">For messages.</param>
    /// <param name="files">Owned by the writer from now on.</param>
    /// <param name="log">Where failures are told.</param>
    public JournalWriter(string folder, JournalFiles files, ILogger log)
        : base("journal writer", MaxBytesPerBatch)
    {
        (_folder, _files, _log) = (folder, files, log);
        _batch = new JournalBatch(files);
        Start();
    }

    /// <inheritdoc/>
    protected override void Write(List<WriteOperation<JournalBatch>> operations)
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

    /// <inheritdoc/>
    protected override void End() => _files.Dispose();

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
