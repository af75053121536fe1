using Metering.Cluster.Checking;
using Metering.Cluster.Load;

using var callers = new Callers([new Uri(args[0])], Callers.NewAccounts("t" + Environment.TickCount64, 4), 1, TimeSpan.FromMilliseconds(10));
await callers.CreateAccountsAsync(TimeSpan.FromSeconds(5));
var run = callers.RunAsync();
await Task.Delay(TimeSpan.FromSeconds(10));
callers.Stop();
await run;
Console.WriteLine(callers.Answered);
Console.WriteLine(await new Settlement(callers).RunAsync());
return 0;
