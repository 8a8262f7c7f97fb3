"""10,000 tasks spawned, then gathered: prints nanoseconds a task, the median of a few rounds."""
import asyncio, sys, time

if sys.argv[1] == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


async def same(number):
    return number


async def main():
    took = []
    for _ in range(3 * int(sys.argv[2])):
        started = time.perf_counter_ns()
        assert sum(await asyncio.gather(*(asyncio.create_task(same(number)) for number in range(10_000)))) == 49_995_000
        took.append((time.perf_counter_ns() - started) / 10_000)
    print(sorted(took)[len(took) // 2])


asyncio.run(main())
