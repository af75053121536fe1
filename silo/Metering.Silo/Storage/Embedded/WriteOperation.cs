namespace Metering.Silo.Storage.Embedded;

/// <summary>One caller's part of what is written at once.</summary>
/// <param name="bytes">What it writes, roughly: the measure by which that is bounded.</param>
/// <typeparam name="TTarget">What it is written into.</typeparam>
internal abstract class WriteOperation<TTarget>(long bytes)
{
    public long Bytes { get; } = bytes;

    /// <summary>Does it, unless its caller has stopped waiting before it began. May be done again when the whole was undone.</summary>
    public abstract void Execute(TTarget target);

    /// <summary>All of it is durable: answers the caller.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);
}

/// <remarks>
/// A caller owns its bytes again as soon as its task ends, so cancellation must not end the task while the writer may still read them.
/// Before the operation began it is cancelled for good and never runs; while it runs, cancellation waits for it to have run;
/// afterwards the caller goes at once, its outcome unknown.
/// </remarks>
internal sealed class WriteOperation<TTarget, T>(long bytes, Func<TTarget, T> write) : WriteOperation<TTarget>(bytes)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;
    private bool _isRunning;
    private CancellationToken _cancelledBy;

    public async Task<T> WaitAsync(CancellationToken cancellationToken)
    {
        await using (cancellationToken.UnsafeRegister(static (self, token) => ((WriteOperation<TTarget, T>)self!).Cancel(token), this))
        {
            return await _completion.Task;
        }
    }

    public override void Execute(TTarget target)
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
            _result = write(target);
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
