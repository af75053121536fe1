namespace Metering.Silo.Storage.Embedded;

/// <summary>One caller's part of a transaction. When it throws, the transaction is rolled back with all it did.</summary>
/// <param name="bytes">What it writes, roughly: the measure by which transactions are bounded.</param>
internal abstract class WriteOperation(long bytes)
{
    public long Bytes { get; } = bytes;

    /// <summary>Runs it inside the open transaction, unless its caller has stopped waiting before it began. May run again after a rollback.</summary>
    public abstract void Execute(DatabaseConnection connection);

    /// <summary>The transaction is durable: answers the caller.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);
}

/// <remarks>
/// A caller owns its bytes again as soon as its task ends, so cancellation must not end the task while the writer may still read them.
/// Before the operation began it is cancelled for good and never runs; while it runs, cancellation waits for it to have run;
/// afterwards the caller goes at once, its outcome unknown.
/// </remarks>
internal sealed class WriteOperation<T>(long bytes, Func<DatabaseConnection, T> write) : WriteOperation(bytes)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;
    private bool _isRunning;
    private CancellationToken _cancelledBy;

    public async Task<T> WaitAsync(CancellationToken cancellationToken)
    {
        await using (cancellationToken.UnsafeRegister(static (self, token) => ((WriteOperation<T>)self!).Cancel(token), this))
        {
            return await _completion.Task;
        }
    }

    public override void Execute(DatabaseConnection connection)
    {
        lock (_gate)
        {
            if (_completion.Task.IsCompleted)
            {
                return;
            }

            _isRunning = true;
        }

        try
        {
            _result = write(connection);
        }
        finally
        {
            lock (_gate)
            {
                _isRunning = false;
                if (_cancelledBy.IsCancellationRequested)
                {
                    _completion.TrySetCanceled(_cancelledBy);
                }
            }
        }
    }

    public override void Complete() => _completion.TrySetResult(_result!);

    public override void Fail(Exception exception) => _completion.TrySetException(exception);

    private void Cancel(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_isRunning)
            {
                _cancelledBy = cancellationToken;
            }
            else
            {
                _completion.TrySetCanceled(cancellationToken);
            }
        }
    }
}
