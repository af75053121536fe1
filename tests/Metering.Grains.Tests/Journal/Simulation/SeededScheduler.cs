namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>Runs a silo's work on the simulation's one thread, in an order that a seed decides.</summary>
internal sealed class SeededScheduler(Random random) : TaskScheduler
{
    private readonly List<Task> _tasks = [];

    /// <summary>Runs one piece of work, if there is any.</summary>
    internal bool Step()
    {
        if (_tasks.Count == 0)
        {
            return false;
        }

        var index = random.Next(_tasks.Count);
        var task = _tasks[index];
        _tasks.RemoveAt(index);
        TryExecuteTask(task);
        return true;
    }

    internal void Run(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this);

    internal Task Run(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();

    protected override void QueueTask(Task task) => _tasks.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _tasks;
}
