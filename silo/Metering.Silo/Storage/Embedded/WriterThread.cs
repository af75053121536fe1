namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// A thread that alone writes what many ask for, all that waits together. One of its own, because a disk that stalls must not hold up threads of the pool, which run the grains.
/// </summary>
/// <typeparam name="TTarget">What it writes into.</typeparam>
internal abstract class WriterThread<TTarget> : IDisposable
{
    private readonly WriteQueue<TTarget> _queue;
    private readonly Thread _thread;

    /// <param name="name">What it is called in dumps.</param>
    /// <param name="maxBytesAtOnce">How much is written at once, or one operation that is larger.</param>
    protected WriterThread(string name, long maxBytesAtOnce)
    {
        _queue = new WriteQueue<TTarget>(maxBytesAtOnce);
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Puts something into what is written next. Ends when that is durable.</summary>
    /// <param name="bytes">How much it writes, roughly.</param>
    /// <param name="write">Runs on the writer's thread.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    public async Task<T> WriteAsync<T>(long bytes, Func<TTarget, T> write, CancellationToken cancellationToken)
    {
        var operation = new WriteOperation<TTarget, T>(bytes, write);
        await _queue.EnqueueAsync(operation, cancellationToken);
        return await operation.WaitAsync(cancellationToken);
    }

    /// <summary>Writes what waits, then closes what it writes into.</summary>
    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
    }

    /// <summary>When everything it needs is there.</summary>
    protected void Start() => _thread.Start();

    /// <summary>Before it writes anything.</summary>
    protected virtual void Begin()
    {
    }

    /// <summary>Tells each operation how it went, whatever that is: nothing is thrown here.</summary>
    protected abstract void Write(List<WriteOperation<TTarget>> operations);

    /// <summary>After it wrote everything.</summary>
    protected abstract void End();

    private void Run()
    {
        Begin();
        var operations = new List<WriteOperation<TTarget>>();
        while (_queue.TakeBatch(operations))
        {
            Write(operations);
            operations.Clear();
        }

        End();
    }
}
